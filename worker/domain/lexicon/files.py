"""What files are called, and what papers are headed."""

from worker.domain.lexicon.terms import Terms

PACKAGING = Terms(
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
    shipping_box parcels wrap! bubble_wrap crate! polybag jiffy *hulle! aussenseite
    *verpackt fullmaterial conditionnement papier_bulle envoltorio sobre! exterior!
    embalad cartone! involucro pellicola busta! imballat doosje omdoos verzenddoos
    embrulho caixote lada! lador! omslag! utsida kasse! aske! esker! yderside utside
    pappeske pakning pakkaus paketti laatikko laatikon pahvi etiketti ulkopuoli
    karton! pudel tektur zewnetrz krabic obal! obalu! obaly! stitek! stitku! krabica
    vonkajs vnejs balen doboz csomagol cimke kulso! cutie! cutia! exterioar опаков
    кутия! кашон етикет външ kutija! kutije! kutiju pakiranje pakovanje naljepnic
    nalepnic ambalaz spoljas vanjsk кутија паковањ амбалаж налепниц συσκευασί κουτί
    κουτιού χαρτόκουτ ετικέτ περιτύλιγμα εξωτερικ тара! ящик картон внешн наружн
    стикер пакован короб зовні зовнішн етикетк ambalaji kutunun kolinin dis_kutu تغليف
    غلاف عبوه صندوق كرتون علبه ملصق ظرف خارجي بسته_بندی جعبه کارتن برچسب אריזה אריזת
    קופסה קופסא קרטון מדבקה עטיפה חיצונ डिब्ब बॉक्स पैकेजिंग पैकिंग कार्टन लेबल बाहरी
    กล่อง บรรจุภัณฑ์ ห่อ ฉลาก ซองพัสดุ ลังกระดาษ ภายนอก ด้านนอก bao_bi hop_ngoai thung!
    vo_hop vo_thung nhan_van_don tem_nhan ben_ngoai hop_giay dong_goi kotak! kardus!
    dus_luar kemasan! bungkus! pembungkus luar! pembungkusan 外装 包材 送り状 封筒
    荷札 緩衝材 外側 겉면 겉박스 송장 봉투 포장지 외관 겉포장 紙箱 纸箱 紙盒 纸盒 纸壳
    外盒 快遞盒 外觀 运单 運單 包裝盒 泡沫 气泡
    """
)

CONTENTS = Terms(
    """
    content contents inside! inner! interior! unboxed *inhalt innen! drinnen contenu
    interieur dedans contenido dentro! contenuto interno! inhoud binnenkant conteudo
    zawartosc wnetrze srodku содержим внутри icerik icindeki icinde innehall innhold
    indhold 内容 内部 里面 裡面 内件 里边 中身 内側 내용 내부 안쪽
    what_was_inside insides! unpacked! unboxing *inhalte! ausgepackt inneres!
    dans_le_colis a_l'interieur deballe contenidos desempaquet adentro! contenuti
    internamente spacchett uitgepakt binnenin inhouden conteudos por_dentro desembal
    insida uppackad inuti! inni! innsid indvendig innvendig udpakket utpakket sisalto
    sisalla sisalta purettu wewnatrz zawart wnetrz rozpakow obsah! obsahu vnitrek
    uvnitr! vnutro vnutri rozbalen tartalom tartalma belso! belsej kicsomagol continut
    interiorul despachet съдържан вътреш вътре! sadrzaj unutra unutras unutar raspakir
    садржај унутра περιεχόμεν εσωτερικ μέσα! αποσυσκευ внутрен распаков вміст! вмісту
    всередин внутрішн розпаков icindekiler icerigi ic_kisim محتوى محتويات محتوي داخلي
    بالداخل من_الداخل درون! داخل_بسته תכולה תכולת תוכן פנים! בפנים सामग्री अंदर भीतर
    ภายในกล่อง ของข้างใน ด้านใน ข้างใน สิ่งของภายใน noi_dung ben_trong phan_trong
    hang_ben_trong isi! bagian_dalam kandungan dalaman! 内容物 なかみ 開封後 내용물
    속_내용 內容 內部 內件 裡邊 內物 内物 里头 裡頭 開箱 开箱
    """
)

GOODS = Terms(
    """
    item article! articles! product goods! broke! broken shatter crack smashed
    *artikel
    *produkt ware! waren! *zerbroch kaputt produit objet! marchandise casse! cassee!
    casses! brise producto articulo roto! rota! rotos! rotas! mercancia prodotto
    articolo merce! rotto! rotta! kapot! gebroken produto artigo quebrad mercadoria
    towar rozbit stluczon товар издели разбит сломан urun kirik varor! varan! trasig
    商品 产品 產品 物品 货物 貨品 破碎 摔碎 製品 割れ 壊れ 상품 제품 물건 깨진
    items! products merchandise! torn! gegenstand scherben! pieces_cassees mercaderia
    prodotti articoli pezzo! artikelen produtos artigos produkter! vare! varen! tuote!
    tuott esine! uszkodzony_produkt produkt! przedmiot vyrobek vyrobk zbozi tovar!
    termek! produs! produse! продукт артикул изделие roba! proizvod производ προϊόν
    предмет виріб вироб urunun esya منتج منتجات بضاعه سلعه کالا محصول מוצר סחורה सामान
    उत्पाद प्रोडक्ट สินค้า ของแตก san_pham hang_hoa mon_hang barang! produk! 品物 中の商品
    물품 物件 碎了
    kapot rikki rikkou torott! spart! sparta! sparte! σπασμεν مكسور розбит
    """
)
"""Weaker than CONTENTS: "box of the product" is a box."""

PHOTOGRAPHS = Terms(
    """
    photo foto imagem imagens picture image! images! img! pic! pics! bild! bilder imagen
    immagin
    afbeelding zdjec фото снимк resim 照片 图片 圖片 相片 写真 画像 사진
    photograph snapshot snap! aufnahme! *fotos fotografie photographie cliche!
    imagenes retrato fotografia immagine fotografi bilde! bilder! billede billeder
    valokuva kuva! kuvat! kuvia! obrazek fotk fotografii kep! kepek fenykep poza!
    poze! fotograf картинк изображ slika! slike! slik слика слике φωτογραφ εικόν
    знімок зображ світлин goruntu صوره صور! عکس تصویر תמונה תמונות צילום फोटो तस्वीर
    चित्र รูปภาพ ภาพถ่าย รูปถ่าย hinh_anh! buc_anh anh_chup gambar! foto! 写メ 이미지 影像
    照相 圖檔
    """
)

INVOICE = Terms(
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
    发票 發票 收据 收據 账单 帳單 小票 交易 付款记录 支付记录 购买凭证 购买记录
    订单记录
    訂單紀錄 領収 請求書 レシート 明細書 購入履歴 注文履歴 영수증 청구서 거래 결제내역
    주문내역 구매내역
    sales_slip sales_receipt till_receipt tax_invoice paid_receipt e-receipt
    bank_statement card_statement payment_receipt purchase_record zahlungsnachweis
    kontoauszug rechnungs ticket_caisse releve_bancaire note_de_frais
    preuve_de_paiement prueba_de_compra resguardo extracto_bancario comprobant
    documento_di_acquisto prova_di_acquisto estratto_conto documento_fiscale
    bewijs_van_aankoop rekening! betalingsbewijs prova_de_compra cupom_fiscal
    extrato_bancario nota_de_compra kvitton kopbevis inkopsbevis betalningsbekraft
    orderhistorik kontoutdrag kobsbevis kjopsbevis kontoudtog ordrehistorik lasku!
    laskun kuitti ostotosite ostokuitti tiliote potwierdzenie_platnosci
    potwierdzenie_zakupu historia_zamow uctenk doklad_o_koupi doklad_o_zaplaceni
    doklad_o_kupe pokladnicn blocek! bizonylat blokk! nyugta! vasarlast_igaz
    rendelesi_elozm bon_fiscal! chitanta dovada_cumpar dovada_plat extras_de_cont
    factur фактура касова_бележка разписка доказателство_за_покупка racun! racuna!
    dokaz_o_kupnji dokaz_o_kupovini fiskaln рачун! рачуна фискалн τιμολόγιο απόδειξη!
    αποδείξεις παραστατικ απόδειξη_αγοράς товарный_чек подтверждение_оплат
    подтверждение_покуп рахунок! рахунку підтвердження_оплат видатков квитанці fatura!
    faturasi fisi! satis_fisi alisveris_fisi odeme_belgesi satin_alma_belges فاتوره
    فواتير إيصال وصل_شراء سند_قبض كشف_حساب إثبات_شراء إثبات_الشراء فاکتور رسید
    صورتحساب قبض! חשבונית קבלה! קבלות הוכחת_קנייה הוכחת_רכישה אישור_תשלום बिल_ इनवॉइस
    रसीद चालान खरीद_का_प्रमाण ใบเสร็จ ใบกำกับภาษี ใบแจ้งหนี้ หลักฐานการซื้อ สลิป
    หลักฐานการชำระ hoa_don bien_lai phieu_thu phieu_mua chung_tu_mua
    xac_nhan_thanh_toan sao_ke struk! struk_belanja kuitansi kwitansi nota_beli
    nota_pembelian nota_belanja bukti_pembelian bukti_pembayaran bukti_bayar invois
    resit! bukti_beli 領収証 領収書 購入証明 支払証明 取引明細 利用明細 決済完了
    인보이스 거래명세 구매_증명 결제_내역 주문_내역 구매_내역 계산서 單據 单据
    購買憑證 購買證明 购买证明 付款記錄 支付記錄 付款截图 付款凭证 付款憑證 收銀
    電子發票 銷貨單 明細 结账单
    """
)

INVOICE_NAME = Terms(
    """
    recu! recus! bon! ticket! purchase! compra! achat! 购买 購入
    kauf! einkauf! tique! acquisto! aankoop! kob! kjop! osto! zakup! nakup!
    vasarlas cumparare покупка! покупки! kupovina! kupnja! αγορά! купівля! alisveris!
    fis! شراء خرید קנייה रसीद mua_hang! pembelian! belanja! nota! 구입 구매 購買
    """
)
"""In a title these name a receipt; in a sentence "reçu" is "received". Swedish "köp"
is left out: folded it is the cup of Dutch and Danish."""

NO_INVOICE = Terms(
    """
    bon_de_livraison bon_de_commande bon_d'expedition nota_de_entrega nota_de_remessa
    nota_di_consegna delivery_ticket nota_pengiriman
    """
)
"""Papers with a word of INVOICE_NAME in their titles that show no purchase."""

OFFERED = Terms(
    """
    quotation! quote! estimate! pro_forma proforma *angebot! *kostenvoranschlag
    kostenschatzung devis! presupuesto! cotizacion preventivo! orcamento! offerte!
    offert! tilbud! tarjous! oferta! wycena! nabidka! ponuka! arajanlat! προσφορα!
    προτιμολογιο коммерческое_предложение комерційна_пропозиція teklif! عرض_سعر
    הצעת_מחיר ใบเสนอราคา bao_gia penawaran! 見積 견적 报价 報價 形式发票 形式發票
    """
)
"""Titles of papers that name goods and prices of what nobody bought yet."""

NOTIFICATION = Terms(
    """
    order_confirm confirmation_of_your order_has_been order_is_confirmed
    order_received
    order_notif your_order order_placed thank_you_for_your_order order_update
    thanks_for_your_order thank_you_for_shopping thank_you_for_your_purchase
    has_shipped
    has_been_shipped shipping_confirm dispatch_confirm on_its_way has_been_dispatched
    received_your_order order_mail order_email order_e_mail
    *bestellbestatig *bestellbestaetig *auftragsbestatig ihre_bestellung
    deine_bestellung ihr_auftrag bestelleingang versandbestatig dank_fur_ihre
    dank_fur_deine fur_ihre_bestell wurde_versandt wurde_versendet ist_unterwegs
    *bestellmail
    confirmation_de_commande confirmation_de_votre votre_commande ta_commande
    commande_confirm commande_expedi avis_d'expedition a_ete_expedi
    confirmacion_de_pedido confirmacion_del_pedido confirmacion_de_tu
    confirmacion_de_su
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
    your_purchase thanks_for_your_purchase thanks_for_shopping we_got_your_order
    we_have_your_order order_acknowledg order_summary order_details your_receipt_from
    your_shipment out_for_delivery your_package_is your_parcel_is order_is_on
    bestelleingangsbestatig versandmitteilung bestelleingang!
    vielen_dank_fur_ihren_einkauf bestellubersicht ihre_sendung deine_sendung
    auftragsbestaetig ihre_bestell
    accuse_de_commande recapitulatif_de_commande recapitulatif_de_votre
    merci_pour_votre_commande merci_pour_votre_achat votre_colis_est
    expedition_de_votre
    resumen_de_tu resumen_del_pedido hemos_recibido_tu hemos_recibido_su
    gracias_por_comprar pedido_realizado pedido_recibid confirmacion_pedido
    pedido_enviado orden_confirmad confirmacion_de_compra confirmacion_de_orden
    riepilogo_ordine riepilogo_dell'ordine grazie_per_il_tuo_ordine
    grazie_per_l'acquisto ordine_ricevut ordine_spedit conferma_acquisto
    conferma_di_spedizione
    bedankt_voor_je bedankt_voor_uw bestelling_ontvang bestelling_geplaatst
    bestellingsoverzicht verzendbevestig onderweg_naar
    pedido_recebid pedido_realizad confirmacao_do_pedido resumo_do_pedido
    obrigado_pela obrigado_por_comprar a_sua_encomenda encomenda_confirm pedido_enviad
    bestallningsbekraft ordrebekraeft tack_for_din tack_for_ditt ditt_kop
    orderbekraftelse tak_for_din takk_for_din din_ordre din_bestilling
    bestillingsbekreft bekreftelse_pa leveransbekraft har_skickats er_afsendt er_sendt
    tilausvahvist vahvistus_tilauk kiitos_tilauk tilauksesi tilaus_vastaanot tilaus_on
    lahetysvahvist
    potwierdzenie_zlozenia przyjelismy_zamow twoje_zakupy zamowienie_przyjete
    zamowienie_wyslan zamowienie_nr
    potvrzeni_objednavk potvrdenie_objednavk vase_objednavk dekujeme_za_objednavk
    dekujeme_za_vasi dakujeme_za_objednavk dakujeme_za_vasu objednavka_prijat
    objednavka_byla objednavka_bola prijali_jsme_vas prijali_sme_vas
    rendeles_visszaigaz rendelesvisszaigaz rendeles_igazol rendelese koszonjuk_rendel
    koszonjuk_a_rendel megrendeles_visszaig rendelesed rendelesedet
    confirmare_comanda confirmarea_comenzii comanda_ta comanda_dumneavoastra
    comanda_dvs multumim_pentru_comanda comanda_a_fost
    потвърждение_на_поръчк потвърждение_за_поръчк вашата_поръчк вашата_поръчка
    благодарим_за_поръчк благодарим_ви_за_поръчк поръчката_е
    potvrda_narudzb potvrda_porudzb potvrda_o_narudzb vasa_narudzb vasa_porudzb
    hvala_na_narudzb hvala_na_porudzb narudzba_je porudzbina_je потврда_поруџб
    потврда_наруџб ваша_поруџб ваша_наруџб
    επιβεβαίωση_παραγγελ η_παραγγελία_σας ευχαριστούμε_για_την_παραγγελ
    η_παραγγελία_σου επιβεβαίωση_της_παραγγελ
    заказ_подтвержд заказ_отправлен заказ_получен благодарим_за_заказ
    благодарим_за_покупк спасибо_за_покупк оформлен_заказ принят_заказ заказ_собран
    підтвердження_замовл ваше_замовл дякуємо_за_замовл замовлення_прийнят
    замовлення_оформ замовлення_відправ вашого_замовл
    siparis_onayi siparisinizi siparis_ozeti siparis_bilgi siparisini satin_aldiginiz
    alisverisiniz_icin
    تأكيد_الطلب تأكيد_طلب تم_استلام_طلب تم_تأكيد_طلب شكرا_لطلب شكرا_على_طلب تم_شحن_طلب
    تفاصيل_الطلب شكرا_لتسوق
    تایید_سفارش تأیید_سفارش سفارش_شما ثبت_سفارش خرید_شما
    אישור_הזמנה ההזמנה_שלך הזמנתך תודה_על_הזמנ הזמנתך_התקבל ההזמנה_התקבל
    ऑर्डर_की_पुष्टि ऑर्डर_पुष्टि आपका_ऑर्डर आपके_ऑर्डर ऑर्डर_कन्फर्म ऑर्डर_प्राप्त
    ऑर्डर_के_लिए_धन्यवाद
    ยืนยันคำสั่งซื้อ ยืนยันการสั่งซื้อ คำสั่งซื้อของคุณ ขอบคุณสำหรับคำสั่งซื้อ ได้รับคำสั่งซื้อ
    ขอบคุณที่สั่งซื้อ แจ้งการจัดส่ง
    xac_nhan_don_hang don_hang_cua_ban cam_on_ban_da_dat dat_hang_thanh_cong
    don_hang_da thong_bao_don_hang xac_nhan_dat_hang
    konfirmasi_pesanan pesanan_anda pesanan_kamu terima_kasih_telah_berbelanja
    terima_kasih_atas_pesanan pesanan_telah pesanan_diterima pengesahan_pesanan
    pesanan_sudah
    ご購入ありがとう 注文を受け付け 注文受付 受注確認 ご注文内容 出荷のお知らせ
    発送完了 注文確定 ご購入
    주문_접수 주문이_완료 주문_완료 결제_완료 주문_내용 배송_시작 구매해_주셔서
    주문접수
    下單成功 訂單成立 訂單明細 感谢您的订购 感謝您的訂購 感谢您的订单 感谢您的购买
    感謝您的購買 感謝您的訂單 订单提交成功 訂購成功 订购成功 订单成功 出貨通知
    发货通知 發貨通知 订单详情
    """
)

ORDER = Terms(
    """
    order! orders! purchase! *bestell *auftrag commande pedido orden! compra! ordine!
    ordini! encomenda zamowien заказ siparis ordre! tilaus objednavk rendeles comanda
    订单 訂單 订购 注文 주문
    commandes pedidos ordenes compras ordini bestelling bestallning bestilling ordren
    tilauk objednav rendele megrendel comenz comenzi поръчк narudzb porudzb наруџб
    поруџб παραγγελ замовл طلبك طلبيه الطلب سفارش הזמנה הזמנת ההזמנה ऑर्डर คำสั่งซื้อ
    ออเดอร์ การสั่งซื้อ don_hang dat_hang pesanan! pembelian 受注 訂購
    """
)

WAYBILL = Terms(
    """
    waybill air_waybill awb! bill_of_lading shipping_label consignment_n ship_to!
    ship_from! deliver_to! consignee shipper! tracking parcel! priority_mail
    customs_declaration cn22! cn23! piece! pieces! weight! gross_weight
    *versandschein *paketschein *frachtbrief *sendungsnummer *empfanger! *absender!
    gewicht! bordereau_d'expedition lettre_de_transport numero_de_suivi destinataire
    expediteur poids! guia_de numero_de_guia destinatario! remitente! rastreo!
    etiqueta_de_envio peso! lettera_di_vettura mittente! tracciatura vrachtbrief
    verzendlabel afzender! geadresseerde remetente rastreio conhecimento_de_transporte
    list_przewozowy numer_przesylki nadawca! odbiorca! waga! экспресс_накладная трек
    отправитель получатель вес! відправник одержувач отримувач вага! gonderi_no
    takip_no gonderici alici! agirlik! fraktsedel mottagare! avsandare! kolli! vikt!
    fragtbrev modtager! afsender! vaegt! mottaker! vekt! rahtikirja vastaanottaja!
    lahettaja! paino! prepravni_list prijemce! odesilatel! hmotnost! fuvarlevel
    cimzett felado! suly! scrisoare_de_transport destinatar! expeditor! greutate!
    товарителница получател подател тегло! tovarni_list primatelj posiljatelj tezina!
    συνοδευτικό_δελτίο παραλήπτ αποστολέα βάρος بوليصه الشحنه المرسل وزن! بارنامه
    گیرنده فرستنده שטר_מטען נמען שולח משקל पार्सल प्राप्तकर्ता प्रेषक वजन ใบปะหน้า
    ผู้รับ ผู้ส่ง น้ำหนัก van_don nguoi_nhan nguoi_gui trong_luong! resi! no_resi
    penerima! pengirim! berat! 运单 運單 快递单 快遞單 面单 面單 收件人 寄件人 託運單
    重量 送り状 お届け先 ご依頼主 お問い合わせ番号 운송장 받는분 받는_분
    보내는분 보내는_분
    """
)
"""What stands on the label of a parcel."""

SCREENSHOTS = Terms(
    """
    screenshot screen_shot screen_capture bildschirmfoto capture captura schermata
    schermafbeelding zrzut скриншот снимок_экрана ekran 截图 截屏 螢幕
    スクリーンショット 캡처 스크린샷
    screen_grab screengrab print_screen printscreen screencap bildschirmaufnahme
    bildschirmabzug capture_d'ecran pantallazo captura_de schermafdruk captura_de_tela
    print_de skarmbild skarmdump skaermbillede skjermbilde skjermdump kuvakaappaus
    zrzut_ekranu snimek_obrazovky snimka_obrazovky kepernyofoto kepernyokep
    captura_de_ecran екранна_снимка снимка_на_екран екранна snimka_zaslona
    snimak_ekrana слика_екрана снимак_екрана στιγμιότυπο_οθόνης στιγμιοτυπο скрин!
    знімок_екрана скріншот ekran_goruntusu لقطه_شاشه لقطه_الشاشه سكرين_شوت اسکرین_شات
    צילום_מסך स्क्रीनशॉट ภาพหน้าจอ แคปหน้าจอ สกรีนช็อต anh_chup_man_hinh chup_man_hinh
    tangkapan_layar tangkap_layar tangkapan_skrin スクショ 画面キャプチャ 화면_캡처
    화면캡처 스샷 螢幕截圖 截圖 屏幕快照 荧幕截图
    """
)
