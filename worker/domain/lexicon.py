"""The word lists: stems in some fifteen languages for what members write about.

In a list `*stem` may stand inside a word (German compounds), `word!` is a whole word
and `_` is a space; all else is the beginning of a word. Scripts without spaces match
anywhere. Texts and lists are compared folded, so the lists are written without accents.
"""

import re
import unicodedata

_ACCENTS = re.compile("[\u0300-\u036f]")
_PLAIN = dict.fromkeys(map(ord, "\u2018\u2019\u02bc`\u00b4"), "'")
_PLAIN |= {ord("ł"): "l", ord("ı"): "i", ord("ø"): "o", ord("đ"): "d"}
_PLAIN |= {ord("æ"): "ae", ord("œ"): "oe"}
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])")
_JOINTS = re.compile(r"[\s_.+~()\[\]{}#\u2010-\u2015-]+")
_NO_SPACES = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def fold(text: str) -> str:
    """Return text as it is compared: NFKC, no case, no accents, straight quotes."""
    # A ligature may stand for eighteen letters: what it unfolds to is cut.
    text = unicodedata.normalize("NFKC", text)[: 2 * len(text)].casefold()
    bare = _ACCENTS.sub("", unicodedata.normalize("NFD", text))
    return unicodedata.normalize("NFC", bare).translate(_PLAIN)


def spread(text: str) -> str:
    """Return a name folded, its words apart: `outerBox_1.jpg` is `outer box 1 jpg`."""
    return " ".join(_JOINTS.sub(" ", fold(_CAMEL.sub(" ", text))).split())


def _lexicon(terms: str) -> re.Pattern[str]:
    stems: list[str] = []
    words: list[str] = []
    anywhere: list[str] = []
    for term in terms.split():
        bare = re.escape(fold(term.strip("*!").replace("_", " ")))
        if term.startswith("*") or _NO_SPACES.match(term):
            anywhere.append(bare)
        elif term.endswith("!"):
            words.append(bare)
        else:
            stems.append(bare)
    parts = [rf"\b(?:{'|'.join(stems)})"] if stems else []
    parts += [rf"\b(?:{'|'.join(words)})(?!\w)"] if words else []
    return re.compile("|".join([*parts, *anywhere]))


# -- what happened ---------------------------------------------------------------

DAMAGE = _lexicon(
    """
    damag broke! broken breakage crack shatter smash crush dent! dents! dented torn!
    leak scratched split_open defect faulty ruined destroyed chipped! soaked got_wet
    mangled deform warped ripped! burst! not_working does_not_work doesn't_work
    in_pieces
    *beschadig *beschaedig kaputt *zerbroch *zerstor *zerstoer *schaden zerdruck
    zerdrueck zerquetsch eingedruck eingedrueck eingedell delle! verbeult *gerissen
    *gebrochen defekt ausgelaufen verkratz kratzer zersplitter zerschlag durchnass
    ramponiert gesprungen
    casse! cassee! casses! cassees! brise! brisee! brises! brisees! endommag abim
    deterior fissur felee dechir ecras defectueu degat en_morceaux fendu! tordu!
    dommages!
    roto! rota! rotos! rotas! danad dano! danos! averiad estropead quebrad agrietad
    aplastad abollad rasgad defectuos destrozad destruid rompio mojad rajad
    rotto! rotta! rotti! rotte! danneggiat danni! danno! spezzat schiacciat ammaccat
    frantumat incrinat crepat difettos strappat graffiat distrutt
    kapot! gebarsten gescheurd ingedeukt verbrijzeld gedeukt schade_aan *schade!
    partido! danificad avariad rachad amassad estragad esmagad trincad molhad
    uszkodz zniszcz rozbit polaman peknie pekl! zgniecion podart rozerwan zlaman
    stluczon potluczon
    поврежд разбит разбил сломан сломал треснут треснул трещин порван помят разорван
    испорч дефект раздавл
    hasar kirik kirilm bozuk ezik! ezilm yirtik yirtil catlak parcalan zarar_gor
    skada trasig krossad beskadiget odelagt knust poskozen rozbit serult torott
    vaurioitun
    破损 破損 损坏 損壞 破碎 碎了 碎掉 摔碎 摔坏 摔烂 坏了 壞了 坏掉 压坏 压扁 压烂 毁坏
    损毁 裂开 破裂 碎裂 裂痕 变形 變形 打碎 受损 破了 划痕 漏液
    壊れ 割れ 損傷 ひび つぶれ 潰れ 凹 へこ 破れ 傷つ 傷が キズ 濡れ 故障 欠けて
    파손 깨졌 깨져 깨진 깨짐 부서 손상 찌그러 망가 찢어 고장 훼손
    """
)
INCOMPLETE = _lexicon(
    """
    incomplete! partial_loss part_of_the_contents not_in_the_box not_in_the_package
    not_in_the_parcel not_included not_inside *n't_in_the *n't_inside shortage
    only_received_one only_one_of only_two_of only_half only_received_part is_empty
    was_empty empty_box empty_parcel empty_package pilfer was_short short-shipped
    unvollstandig unvollstaendig nicht_enthalten nicht_dabei nicht_im_paket teilverlust
    nicht_im_karton nicht_in_dem nicht_in_der nur_ein_teil war_leer ist_leer leeres!
    incomplet pas_dans_le colis_vide est_vide etait_vide perte_partielle
    no_venia! no_venian! no_estaba! no_estaban! vacio! vacia! perdida_parcial
    non_era_nel non_erano_nel vuoto! vuota! perdita_parziale
    onvolledig incompleet niet_in_de_doos zat_niet_in zaten_niet_in lege_doos
    nao_veio nao_vieram nao_estava vazio! vazia! perda_parcial
    niekomplet brakuj brakow nie_bylo_w
    не_хвата нехват недоста неполн не_оказалось пустая! пустой!
    eksik noksan icinden_cikmadi kutu_bos
    少了 少发 少件 少一 少两 漏发 漏發 缺少 缺件 缺了 不全 空的 没有放 里面没有 裡面沒有
    部分丢失
    不足 足りな 足りま 欠品 入っていな 入っていま 入ってな 入ってま 空でし 空っぽ
    누락 빠져 빠졌 빠진 부족 들어_있지 비어
    """
)
"""Something in the parcel is not there: never said of the parcel itself."""
MISSING = _lexicon(
    """
    missing! lacks! lacking! fehlt! fehlte! fehlen! fehlend manque! manquait manquent
    manquant falta! faltan! faltaba faltante faltou faltam faltando manca! mancano!
    mancava mancante ontbreekt ontbreken ontbrak brak! отсутств saknas saknades mangler!
    manglede puuttuu 缺失 不见了 見当た 없었
    """
)
"""Said of the parcel or of something in it; the words beside it tell which."""
LOST = _lexicon(
    """
    lost! loss! disappear vanish stolen! misdeliver undelivered non-delivery non-receipt
    nondelivery nowhere_to_be_found
    *verloren verschwunden verschollen abhanden *verlust! gestohlen nichtzustellung
    perdu! perdue! egare disparu vole! volee! non_livre non_recu perte!
    perdid extravi desaparec robad robo! perso! persa! smarrit sparit scompars rubat
    kwijt! zoekgeraakt verdwenen gestolen vermist sumiu! roubad furtad perda!
    zagin zgub skradz utrac потерян потерял утерян утрач пропал пропаж украден
    kayip kaybol calindi ulasmadi gelmedi teslim_edilmedi teslim_almadim almadim!
    forsvunn forsvund bortkom borttappad kadonn
    丢失 遗失 遺失 丢件 丢了 失踪 紛失 行方不明 盗ま 분실 도난
    没收到 没有收到 未收到 沒收到 沒有收到 未送达 没送到 没到 没有到 未到货
    収到していない 未着
    届いていま 届いてま 届いていな 届いてな 届きませ 届かな 到着していま 到着していな
    受け取っていま 受け取ってま 受け取っていな 도착하지 받지_못 못_받 안_왔 오지_않
    배송되지 미도착 미수령
    """
)
NOT = _lexicon(
    """
    not! never! no! *n't none! without! cannot! nicht! nie! niemals! kein keine ohne!
    pas! jamais! aucun aucune sans! nunca! jamas! sin! ningun non! senza! nessun niet!
    nooit! geen! zonder! nao! sem! nenhum не! нет! ни! никогда! без! nie! nigdy! bez!
    zadn ikke! aldrig! inte! didnt! hasnt! havent! wasnt! isnt! arent! doesnt! dont!
    degil! yok! 没 沒 未 无 無 不是 않 없 아니 ありませ なし! していませ していな
    """
)
ARRIVED = _lexicon(
    """
    arriv receiv reciev deliver came! got! gotten! showed_up show_up turned_up get_my_pa
    get_my_order reached! angekommen ankam! ankommen erhalten geliefert zugestellt
    bekommen! eingetroffen eingegangen gekommen recu! recue! recus! livre! livree!
    livres! parvenu llegad llego! llega! recibi entregad entrego! ricevut consegnat
    giunt aangekomen ontvangen geleverd bezorgd chegou! chegad recebi entregue приш
    получ достав прибы дошл dotar otrzym dostarcz dorecz przysz kommit! anlant modtaget
    mottatt mottagit saapunut
    """
)
CAME = _lexicon("kam! kommt! erhielt! bekam! ontving! kreeg! kwam!")
"""Verbs that stand before their denial: "kam nie an"."""
INTACT = _lexicon(
    """
    intact in_one_piece undamaged unharmed complete safely in_good unversehrt
    unbeschadigt vollstandig en_bon_etat en_buen intatt integro on_time rechtzeitig
    punktlich a_temps a_tiempo
    """
)
"""Behind "did not arrive" these make it damage or delay."""
PARCEL = _lexicon(
    """
    package! packages! parcel shipment order! box! delivery! consignment *paket packchen
    *sendung *lieferung *bestellung colis! paquet! commande! envoi! livraison paquete
    envio! pedido! pacco! spedizione ordine! pakket zending bestelling doos! pacote
    encomenda посылк заказ paczk przesylk zamowien kargo siparis 包裹 快递 快件 货物
    貨物 订单 荷物 小包 注文 택배 소포 주문
    """
)
INSIDE = _lexicon(
    """
    in_the! in_my! in_this! inside! within! from_the! from_my! from_this! from_our! im!
    in_der! in_dem! in_meine in_diese dans! en_el! en_la! dentro! nel! nella! in_het!
    in_de! no_pacote! na_caixa! в! w! icinde 里 中 内 裡 안에
    """
)
OUT_OF = _lexicon(
    """
    from_the_box! from_the_pa from_my_pa out_of_the! out_of_my! aus_dem! aus_der!
    du_colis! de_la_commande! del_paquete! de_la_caja! dal_pacco! uit_de! uit_het!
    da_encomenda! из! z! ze! 에서
    """
)
SOME = _lexicon(
    """
    one_of! some_of! part_of! only_part not_all! not_everything one_item! an_item!
    nicht_alle nicht_alles ein_teil! ein_artikel! pas_tous un_article! une_partie
    un_articulo! no_todo parte_del un_articolo! non_tutt een_artikel! niet_alle um_item!
    не_все один_товар nie_wszystk 一部 部分 其中 一件
    """
)
ITEM = _lexicon(
    """
    item article! articles! piece! pieces! part! parts! product *artikel teile! *produkt
    produit! objet! articulo producto! articolo prodotto! artigo! produto! onderdeel
    товар предмет artykul urun 商品 配件
    """
)
PAPER = _lexicon(
    """
    invoice receipt! confirmation answer! reply! response! email e-mail *rechnung
    antwort *bestatigung *beleg facture reponse! factura respuesta! fattura risposta!
    factuur antwoord fatura resposta! 发票 發票 回复 邮件 請求書 領収書 返信 답변 ответ!
    счет! odpowied faktur
    """
)
"""What else may be missing or not arrive."""
WEB = _lexicon(
    """
    link! website webseite web_page login app! account! site! 网站 链接
    """
)
# -- claims ---------------------------------------------------------------------

CLAIM = _lexicon(
    """
    claim! claims! claiming complaint compensation *reklamation *schadensmeldung
    *schadenmeldung *schadensersatz *schadenersatz entschadigung beschwerde reclam
    sinistre dedommag indemni siniestro risarciment rimborso schadeclaim klacht
    schadevergoeding indeniza reklamacj roszczen odszkodowan претенз рекламац компенсац
    возмещ tazminat sikayet erstatning ersattning 理赔 理賠 索赔 索賠 赔偿 賠償 赔付
    クレーム 補償 보상 배상 클레임
    """
)
WITHDRAW = _lexicon(
    """
    withdraw retract cancel_my cancel_the cancel_this drop_my drop_the drop_this
    close_my close_the close_this *zuruckzieh *zurueckzieh ziehe! ziehen! storniere
    widerruf retire! retirer annule! annuler retiro! retirar anular anulo cancelar
    ritiro! ritirare annullare annulla! trek! intrek wycofuj wycofac отозвать отзываю
    отменить отменяю geri_cek iptal 撤回 撤销 撤銷 取消 取り下げ 取り消 철회 취소
    """
)
UNSURE = _lexicon(
    """
    if! unless! would! could! can! may! how! wenn! falls! wie! konnte si! comment! como!
    come! se! als! если jesli jak! eger 如果 怎么 もし 만약
    """
)
# -- words on files ---------------------------------------------------------------

PACKAGING = _lexicon(
    """
    outer! outside! packaging package! packages! parcel box! boxes! carton cardboard
    label! labels! wrapping wrapper envelope exterior seal!
    *verpack *karton *paket *schachtel kiste! *etikett *aufkleber umschlag aussen
    emballage colis! paquet! etiquette! boite enveloppe exterieur
    embalaje caja! cajas! paquete etiqueta imballo imballagg scatola pacco! etichetta
    esterno verpakking doos! dozen! pakket buitenkant embalagem caixa pacote encomenda
    opakowan pudelk kartonu paczk etykiet koperta упаков коробк посылк этикетк наклейк
    снаружи kutu! kutusu ambalaj koli! etiket forpackning forpakning emballasje eske!
    kartong
    包装 包裝 外箱 箱 盒子 快递盒 面单 面單 标签 標籤 包裹 外观 外観 梱包 段ボール
    ダンボール 伝票 ラベル 박스 상자 포장 운송장 라벨 외부
    """
)
CONTENTS = _lexicon(
    """
    content contents inside! inner! interior! unboxed *inhalt innen! drinnen contenu
    interieur dedans contenido dentro! contenuto interno! inhoud binnenkant conteudo
    zawartosc wnetrze srodku содержим внутри icerik icindeki icinde innehall innhold
    indhold 内容 内部 里面 裡面 内件 里边 中身 内側 내용 내부 안쪽
    """
)
GOODS = _lexicon(
    """
    item article! articles! product goods! broke! broken shatter crack smashed *artikel
    *produkt ware! waren! *zerbroch kaputt produit objet! marchandise casse! cassee!
    casses! brise producto articulo roto! rota! rotos! rotas! mercancia prodotto
    articolo merce! rotto! rotta! kapot! gebroken produto artigo quebrad mercadoria
    towar rozbit stluczon товар издели разбит сломан urun kirik varor! varan! trasig
    商品 产品 產品 物品 货物 貨品 破碎 摔碎 製品 割れ 壊れ 상품 제품 물건 깨진
    """
)
"""Weaker than CONTENTS: "box of the product" is a box."""
PHOTOGRAPHS = _lexicon(
    """
    photo foto picture image! images! img! pic! pics! bild! bilder imagen immagin
    afbeelding zdjec фото снимк resim 照片 图片 圖片 相片 写真 画像 사진
    """
)
INVOICE = _lexicon(
    """
    invoice receipt! receipts! bill! proof_of_purchase proof_of_payment order_history
    purchase_history transaction payment_record payment_confirm statement!
    *rechnung quittung kassenbon kassenzettel *beleg zahlungsbestatig kaufnachweis
    facture! factures! justificatif ticket_de_caisse preuve_d'achat recu_d historique
    factura! facturas! recibo comprobante boleta justificante ticket_de_compra fattura
    ricevut scontrino prova_d'acquisto factuur kassabon aankoopbewijs betaalbewijs
    fatura nota_fiscal comprovante
    faktur paragon! rachunek dowod_zakupu счет! счета! счет-фактура чек! чека! квитанц
    инвойс makbuz dekont kvitto kvittering uctenka szamla
    发票 發票 收据 收據 账单 帳單 小票 交易 付款记录 支付记录 购买凭证 购买记录 订单记录
    訂單紀錄 領収 請求書 レシート 明細書 購入履歴 注文履歴 영수증 청구서 거래 결제내역
    주문내역 구매내역
    """
)
INVOICE_NAME = _lexicon(
    """
    recu! recus! bon! ticket! purchase! compra! achat! 购买 購入
    """
)
"""In a title these name a receipt; in a sentence "reçu" is "received"."""
NOTIFICATION = _lexicon(
    """
    order_confirm confirmation_of_your order_has_been order_is_confirmed order_received
    order_notif your_order order_placed thank_you_for_your_order order_update
    thanks_for_your_order thank_you_for_shopping thank_you_for_your_purchase has_shipped
    has_been_shipped shipping_confirm dispatch_confirm on_its_way has_been_dispatched
    received_your_order order_mail order_email order_e_mail
    *bestellbestatig *bestellbestaetig *auftragsbestatig ihre_bestellung
    deine_bestellung ihr_auftrag bestelleingang versandbestatig dank_fur_ihre
    dank_fur_deine fur_ihre_bestell wurde_versandt wurde_versendet ist_unterwegs
    *bestellmail
    confirmation_de_commande confirmation_de_votre votre_commande ta_commande
    commande_confirm commande_expedi avis_d'expedition a_ete_expedi
    confirmacion_de_pedido confirmacion_del_pedido confirmacion_de_tu confirmacion_de_su
    tu_pedido su_pedido pedido_confirm ha_sido_enviado gracias_por_tu gracias_por_su
    conferma_d'ordine conferma_ordine conferma_dell'ordine conferma_del tuo_ordine
    suo_ordine vostro_ordine ordine_confermat e_stato_spedito
    bestelbevestig orderbevestig bevestiging_van je_bestelling uw_bestelling
    jouw_bestelling is_verzonden confirmacao_d seu_pedido sua_encomenda sua_compra
    foi_enviad
    potwierdzenie_zamow twoje_zamow zamowienie_zostal zostalo_wyslan dziekujemy_za_zam
    подтверждение_заказа ваш_заказ вашего_заказа заказ_принят заказ_оформлен
    спасибо_за_заказ siparis_onay siparisiniz siparis_alindi kargoya_verildi
    orderbekraft ordrebekreft ordrebekraft din_order din_bestallning tilausvahvistus
    订单确认 訂單確認 订单已 訂單已 您的订单 您的訂單 下单成功 已发货 已發貨 已出貨
    订单通知 訂單通知 注文確認 ご注文 注文内容 注文完了 発送のお知らせ 商品発送
    お買い上げ 주문_확인 주문확인 주문이 주문해 주문완료 주문하신 발송
    """
)
ORDER = _lexicon(
    """
    order! orders! purchase! *bestell *auftrag commande pedido orden! compra! ordine!
    ordini! encomenda zamowien заказ siparis ordre! tilaus objednavk rendeles comanda
    订单 訂單 订购 注文 주문
    """
)
SCREENSHOTS = _lexicon(
    """
    screenshot screen_shot screen_capture bildschirmfoto capture captura schermata
    schermafbeelding zrzut скриншот снимок_экрана ekran 截图 截屏 螢幕
    スクリーンショット 캡처 스크린샷
    """
)

# -- lines of an invoice -------------------------------------------------------------

TOTAL = _lexicon(
    """
    total subtotal sum! amount paid! *summe *gesamt *betrag montant net_a_payer importe
    totaal bedrag! valor_total soma! suma! razem do_zaplaty kwota итого сумма всего
    toplam tutar belopp 合计 合計 总计 總計 总额 總額 总价 实付 应付 金额 金額 小计 小計
    합계 총액 금액
    """
)
CHARGES = _lexicon(
    """
    shipping postage freight delivery tax! vat! gst! duty discount coupon voucher
    gift_card insurance guarantee fee! balance *versand *porto mwst *steuer *rabatt
    gutschein livraison frais! tva! remise envio! gastos iva! descuento spedizione
    sconto verzend btw! korting frete imposto desconto dostaw wysylk rabat доставк
    скидк ндс kargo kdv! indirim frakt moms! 运费 運費 税 优惠 折扣 手续费 送料 消費税
    割引 배송비 세금 할인
    """
)
OFFER = _lexicon(
    """
    save! off! over! free! next_order next_purchase up_to from_only sparen gratis
    kostenlos offert gratuit ahorra nachster_einkauf 满 满减 優惠券 无料 以上
    """
)
"""A price beside these is an offer, not something that was bought."""
