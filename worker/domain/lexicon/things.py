"""What a sentence speaks of: a parcel, something in it, a paper; and claims."""

from worker.domain.lexicon.terms import Terms

PARCEL = Terms(
    """
    package! packages! parcel shipment order! box! delivery! consignment *paket
    packchen
    *sendung *lieferung *bestellung colis! paquet! commande! envoi! livraison paquete
    envio! pedido! pacco! spedizione ordine! pakket zending bestelling doos! pacote
    encomenda посылк заказ paczk przesylk zamowien kargo siparis 包裹 快递 快件 货物
    貨物 订单 荷物 小包 注文 택배 소포 주문
    parcels! packet! packets! deliveries! mailing! purchase! boxes! satchel! *paket!
    *packchen paeckchen warensendung paquets! colissimo commandes! encargo! paquetes!
    envios! plico! pacchetto pacchi! ordini! encomendas! pacotes! pedidos! pakje!
    pakketje bestellingen forsendelse forsending pakken! pakke! paketet! leverans
    levering bestallning ordren! bestilling paketti paketin! lahetys lahetykse tilaus
    toimitus paczuszk przesylek balicek balik! baliku! zasilk zasielk objednavk csomag
    kuldemeny rendeles colet! coletul pachet comanda! comenzi livrare пакет! пратк
    поръчк доставк posiljk paket! narudzb narudzbin porudzbin isporuk dostav пошиљк
    наруџб поруџбин испорук πακέτο δέμα δέματ παραγγελί αποστολή бандерол отправлен
    заказа пакунок посилк замовленн відправлен koli! kolim paketim! gonderi! gonderim
    طرد طرود شحنه شحنات طلبيه طلب! طلبي بسته مرسوله سفارش محموله חבילה חבילת חבילות
    משלוח הזמנה הזמנת पैकेज पार्सल पार्सल_ ऑर्डर शिपमेंट डिलीवरी พัสดุ กล่อง คำสั่งซื้อ
    ออเดอร์ kien_hang buu_kien goi_hang don_hang! buu_pham pesanan! kiriman!
    bungkusan! 配達物 宅配 郵便物 お届け物 물품 快遞 貨件 邮包 郵包 貨品
    """
)

INSIDE = Terms(
    """
    in_the! in_my! in_this! inside! within! from_the! from_my! from_this! from_our!
    im!
    in_der! in_dem! in_meine in_diese dans! en_el! en_la! dentro! nel! nella! in_het!
    in_de! no_pacote! na_caixa! в! w! icinde 里 中 内 裡 안에
    out_of_it in_there im_inneren darin! drin! a_l'interieur dans_le dans_la en_mi!
    en_el_paquete en_la_caja dentro_de nello! all'interno no_interior na_embalagem
    dentro_da dentro_do erin! in_mijn i_paketet i_ladan! inuti! i_esken i_pakken!
    inni! i_kassen paketissa! laatikossa sisalla w_srodku w_paczce wewnatrz v_baliku
    v_krabici uvnitr vnutri v_zasielke benne! belul! csomagban dobozban in_colet
    in_cutie in_pachet inauntru в_кутията в_пакета вътре u_paketu u_kutiji unutra
    у_пакету унутра στο_κουτί στο_πακέτο στο_δέμα μέσα в_коробці в_посилці всередині
    icinden! icerisinde kutuda! pakette! paketten! داخل في! ضمن توی داخل! در_جعبه
    در_بسته בתוך בחבילה बॉक्स_में डिब्बे_में पैकेज_में पार्सल_में अंदर ในกล่อง ภายใน ข้างใน
    ในพัสดุ trong! ben_trong di_dalam dalam! 内に 속에 안에는
    """
)

OUT_OF = Terms(
    """
    from_the_box! from_the_pa from_my_pa out_of_the! out_of_my! aus_dem! aus_der!
    du_colis! de_la_commande! del_paquete! de_la_caja! dal_pacco! uit_de! uit_het!
    da_encomenda! из! z! ze! 에서
    from_inside out_of_it! aus_meine aus_diese de_mon_colis de_la_boite de_mi_pedido
    del_paquete de_mi_paquete dalla_scatola dal_mio da_caixa! do_pacote uit_mijn
    ur_paketet ur_ladan fran_paketet fra_pakken fra_esken fra_kassen ud_af ut_av
    paketista laatikosta z_paczki z_pudelka z_baliku z_krabice zo_zasielky z_balika
    a_csomagbol a_dobozbol din_colet din_cutie din_pachet от_пакета от_кутията
    iz_paketa iz_kutije из_пакета από_το_κουτί από_το_πακέτο από_το_δέμα из_короб
    із_короб з_посилки з_короб kutudan! paketten! من_الصندوق من_الطرد من_العلبه
    من_الكرتون من_داخل از_جعبه از_بسته מהחבילה מהקופסה में_से จากกล่อง จากพัสดุ khoi_hop
    trong_hop dari_kotak dari_paket dari_dalam の中から 중에서
    """
)

SOME = Terms(
    """
    one_of! some_of! part_of! only_part not_all! not_everything one_item! an_item!
    nicht_alle nicht_alles ein_teil! ein_artikel! pas_tous un_article! une_partie
    un_articulo! no_todo parte_del un_articolo! non_tutt een_artikel! niet_alle
    um_item!
    не_все один_товар nie_wszystk 一部 部分 其中 一件
    one_product one_thing two_items two_of_ three_of_ several_items some_items
    some_pieces half_of_the half_the part_of_my parts_of einige_artikel zwei_artikel
    einer_der eines_der eine_der ein_stuck! ein_produkt teil_der un_des! une_des!
    un_produit deux_articles quelques certains_articles pas_tout! uno_de_los
    una_de_las un_producto dos_articulos algunos uno_dei una_delle un_prodotto alcuni
    um_dos! uma_das! um_produto alguns_ parte_da parte_do een_van_de een_product
    deel_van niet_alles en_av! ett_av! en_vara! en_del_av inte_alla inte_allt
    en_artikel! en_af! et_af! et_produkt ikke_alle ikke_alt en_vare! yksi_tuote
    osa_tilauksesta osa_tuotteista kaikki_ei jeden_z! jedna_z! jedno_z! jeden_produkt
    czesc_zamow jeden_z jedna_z_ cast_objednavky jeden_vyrobok egy_termek egyik!
    nem_minden o_parte unul_dintre una_dintre un_produs nu_toate един_от една_от
    един_артикул част_от не_всички jedan_od! jedna_od! jedan_artikl dio_narudzbe
    deo_porudzbine нису_сви ένα_από ένα_προϊόν μέρος_της όλα_τα один_из одна_из
    одного_товар часть_заказ не_всё одной_вещи один_з! одна_з! частин bir_urun
    urunlerden_bir biri! bir_kismi tumu_degil أحد! إحدى بعض جزء قطعه_واحده منتج_واحد
    یکی_از بخشی_از یک_کالا אחד_מה חלק_מה פריט_אחד מוצר_אחד एक_सामान एक_आइटम कुछ_सामान
    एक_चीज़ एक_उत्पाद कुछ_आइटम บางส่วน หนึ่งชิ้น บางชิ้น บางรายการ mot_mon mot_san_pham
    mot_phan mot_so salah_satu sebagian satu_barang beberapa 1点 一点 一つ ひとつ
    いくつか 일부 하나가 한_개 몇_개 一个 一個 一双 一雙 某些 几件 幾件
    """
)

ITEM = Terms(
    """
    item article! articles! piece! pieces! part! parts! product *artikel teile!
    *produkt
    produit! objet! articulo producto! articolo prodotto! artigo! produto! onderdeel
    товар предмет artykul urun 商品 配件
    merchandise accessory accessories component components thing! things! unit! units!
    gegenstand ware! *zubehor stuck! stucke! accessoire pieza! accesorio! pezzo!
    pezzi! accessorio! peca! acessorio item! itens! stuk! onderdelen toebehoren vara!
    varan! varor! varorna tillbehor vare! varen! varer! tilbehor tuote! tuott esine!
    osat! tarvike przedmiot sztuk akcesori czesc! vyrobk vyrobek zbozi polozk predmet
    prislusenstv tovar! termek! tetel! alkatresz tartozek produs! produse! articol!
    articole piesa! артикул продукт част! proizvod artikal artikl predmet! stvar!
    stvari! производ артикал προϊόν προϊόντ είδος! είδη! αντικείμεν εξάρτημ вещь!
    вещи! деталь изделие позиц річ! речі! виріб parca! parcasi esya! منتج منتجات قطعه
    سلعه غرض أغراض صنف کالا محصول جنس! מוצר פריט פריטים חלק! सामान आइटम उत्पाद वस्तु चीज़
    प्रोडक्ट สินค้า สิ่งของ ชิ้นส่วน อุปกรณ์ san_pham mon_hang mat_hang phu_kien barang!
    produk! aksesori アイテム 部品 付属品 品物 제품 상품 부품 아이템 물건 物品 產品
    产品 零件
    """
)

PAPER = Terms(
    """
    invoice receipt! confirmation answer! reply! response! email e-mail *rechnung
    antwort *bestatigung *beleg facture reponse! factura respuesta! fattura risposta!
    factuur antwoord fatura resposta! 发票 發票 回复 邮件 請求書 領収書 返信 답변
    ответ!
    счет! odpowied faktur
    bill! letter! feedback ticket! voucher! refund! answer_from callback newsletter
    news! documents! *beleg! ruckmeldung ruckantwort *schreiben! gutschein! gutschrift
    erstattung! nachricht! quittung antworten! courriel remboursement! nouvelles!
    justificatif correo! recibo! reembolso! contestacion noticias! comprobante
    ricevuta! scontrino! rimborso! email! notizie! notafiscal nota_fiscal bonnetje!
    reactie! terugbetaling bevestiging! faktura! kvitto! svar! aterbetalning
    bekraftelse kvittering! refusion! tilbagebetaling refusjon bekreftelse
    bekraeftelse lasku! kuitti! vastaus! vastausta! hyvitys! rachunek paragon! zwrot!
    wiadomosc potwierdzeni uctenk! fakturu! odpoved! odpovede! vraceni! doklad!
    szamla! szamlat valasz! valaszt visszaterites nyugta! raspuns! bon_fiscal chitanta
    rambursare фактура! разписк отговор! бележк racun! odgovor! potvrd одговор!
    τιμολόγιο απόδειξη απάντηση επιστροφή_χρημάτων чек! письмо! письма! квитанц
    возврат рахунок відповід лист! повернення fatura! fis! cevap! yanit! iade! mesaj!
    فاتوره إيصال رد! جواب استرداد رساله فاکتور رسید پاسخ ایمیل חשבונית קבלה! תשובה
    תגובה החזר इनवॉइस रसीद जवाब उत्तर ईमेल रिफंड ใบเสร็จ ใบกำกับ อีเมล คำตอบ เงินคืน
    hoa_don! bien_lai! tra_loi! phan_hoi hoan_tien balasan! jawaban! struk! kuitansi
    resit! 返金 メール 回答 連絡 レシート 답장 회신 영수증 이메일 환불 答复 答覆 退款
    收据 收據 郵件 回覆
    """
)
"""What else may be missing or not arrive."""

WEB = Terms(
    """
    link! website webseite web_page login app! account! site! 网站 链接
    browser! webshop! homepage url! password! site_web lien! mot_de_passe formulaire!
    enlace! sitio_web contrasena formulario! collegamento sito! lenk! nettside
    hjemmeside lank! webbplats hemsida linkki! verkkosivu strona! strony! haslo!
    odkaz! stranka! heslo! honlap jelszo парол сайт! ссылк посилан baglanti! sayfa!
    sifre! رابط! موقع لینک سایت קישור אתר! लिंक वेबसाइट ลิงก์ เว็บไซต์ trang_web
    duong_dan tautan! situs! リンク サイト ページ ログイン 링크 웹사이트 홈페이지
    로그인 網站 鏈接 連結 网页 網頁 登录 登入
    """
)

CLAIM = Terms(
    """
    claim! claims! claiming complaint compensation *reklamation *schadensmeldung
    *schadenmeldung *schadensersatz *schadenersatz entschadigung beschwerde reclam
    sinistre dedommag indemni siniestro risarciment rimborso schadeclaim klacht
    schadevergoeding indeniza reklamacj roszczen odszkodowan претенз рекламац
    компенсац
    возмещ tazminat sikayet erstatning ersattning 理赔 理賠 索赔 索賠 赔偿 賠償 赔付
    クレーム 補償 보상 배상 클레임
    complain refund_claim reimburse *schadenmeld schadensfall schadenfall *erstattung
    plainte indemnis quejas! queja! compensaci reembols reclami! denuncia_di indennizz
    queixa compens klachten reklamation reclamatie klage! klagemal skadeanmal
    skadeanmeld reklam ersatning krav_pa valitus reklamaatio korvaus skargi! skarga!
    zwrot_koszt reklamac odskodn nahrada nahradu stiznost staznost karterites karigeny
    panasz reklamaci despagub reclamati обезщет жалба иск! odstet nakna reklamacij
    prituzb zalba одштет накнад жалб αποζημίωσ απαίτησ παράπον διεκδίκησ ущерб жалоб
    скарга скарг відшкод tazmin talep! talebi! itiraz! مطالبه تعويض شكوى شكوي خسارت
    شکایت ادعا غرامت תביעה תביעת פיצוי תלונה दावा दावे मुआवज शिकायत क्लेम เคลม ร้องเรียน
    ค่าชดเชย ชดเชย khieu_nai boi_thuong klaim tuntut ganti_rugi keluhan aduan pampasan
    請求します 苦情 弁償 賠償請求 변상 보상금 投诉 投訴 賠付 补偿
    """
)

WITHDRAW = Terms(
    """
    withdraw retract cancel_my cancel_the cancel_this drop_my drop_the drop_this
    close_my close_the close_this *zuruckzieh *zurueckzieh ziehe! ziehen! storniere
    widerruf retire! retirer annule! annuler retiro! retirar anular anulo cancelar
    ritiro! ritirare annullare annulla! trek! intrek wycofuj wycofac отозвать отзываю
    отменить отменяю geri_cek iptal 撤回 撤销 撤銷 取消 取り下げ 取り消 철회 취소
    rescind revoke take_back cancelling_my nehme_zuruck zuruckgezogen retirons
    annulation desisto desisti retracto ritirare_il revoco desist retirada intrekken
    trekt_in dra_tillbaka drar_tillbaka aterkalla traekke_tilbage traekker_tilbage
    trekke_tilbake trekker_tilbake annuller peruut peruan perun wycofuje cofam! anuluj
    odwoluj stahuji! stahnout rusim! stahujem! visszavon visszalep torlom retrag
    renunt anulez оттегл отказвам povlacim povuci odustajem повлачим ανακαλ αποσύρ
    ακυρ отозв отзыва забира отказываюсь відклик скасову відмовля geri_cekiyor
    iptal_etmek vazgec أسحب سحب! إلغاء ألغي تنازل پس_می لغو! انصراف מבטל לבטל מושך
    ביטול वापस_ले रद्द ถอน ยกเลิก rut_lai huy_bo batalkan membatalkan menarik_kembali
    tarik_balik 取下げ 放棄 취하 放弃
    """
)

UNSURE = Terms(
    """
    if! unless! would! could! can! may! how! wenn! falls! wie! konnte si! comment!
    como!
    come! se! als! если jesli jak! eger 如果 怎么 もし 만약
    whether! should! may_i! ob! soll! kann! est-ce! puis-je peut-on puedo! posso!
    kan_ik! hoe! indien! kan_jag hur! hvis! hvordan! jos! miten! kuinka! czy! pokud!
    jestli! ha! hogyan! daca! cum! ако! как! ako! kako! αν! πως! чи! якщо! як! nasil
    إذا كيف هل اگر چگونه אם! איך! האם! अगर यदि कैसे क्या ถ้า หาก อย่างไร ไหม neu! lam_sao
    bagaimana kalau! jika! ですか でしょうか 만일 어떻게 如何 是否 要是
    """
)
