"""The words on the lines of an invoice."""

from worker.domain.lexicon.terms import Terms

TOTAL = Terms(
    """
    total subtotal sum! amount paid! *summe *gesamt *betrag montant net_a_payer
    importe
    totaal bedrag! valor_total soma! suma! razem do_zaplaty kwota итого сумма всего
    toplam tutar belopp 合计 合計 总计 總計 总额 總額 总价 实付 应付 金额 金額 小计
    小計
    합계 총액 금액
    grand_total balance_due amount_due *endsumme *endbetrag zu_zahlen total_ttc somme!
    a_payer a_pagar suma_total importo! importe! totale da_pagare te_betalen bedrag
    subtotaal valor! att_betala summa! totalt! at_betale a_betale belob! belop!
    yhteensa maksettava loppusumma lacznie kwot celkem celkom k_uhrade castka osszesen
    vegosszeg fizetend osszeg de_plata suma_tot общо сума! за_плащане ukupno iznos!
    za_platiti za_uplatu укупно износ! σύνολο πληρωτέο ποσό! к_оплате стоимость разом!
    до_сплати всього! genel_toplam odenecek المجموع الإجمالي إجمالي مجموع المبلغ
    جمع_کل مبلغ סה"כ סך_הכל לתשלום कुल राशि ยอดรวม รวมทั้งสิ้น ราคารวม ยอดชำระ จำนวนเงิน
    tong_cong tong_tien thanh_tien thanh_toan! jumlah! total_bayar お支払い 支払額
    税込 総額 総計 결제금액 총_금액 총_결제 總價 實付 應付 共計 共计
    """
)

CHARGES = Terms(
    """
    shipping postage freight delivery tax! vat! gst! duty discount coupon voucher
    gift_card insurance guarantee fee! balance *versand *porto mwst *steuer *rabatt
    gutschein livraison frais! tva! remise envio! gastos iva! descuento spedizione
    sconto verzend btw! korting frete imposto desconto dostaw wysylk rabat доставк
    скидк ндс kargo kdv! indirim frakt moms! 运费 運費 税 优惠 折扣 手续费 送料 消費税
    割引 배송비 세금 할인
    handling surcharge rebate credit_card store_credit *lieferkosten *gebuhr zuschlag
    *skonto expedition taxe! reduction! bon_d'achat assurance! impuesto! cargo_por
    cupon! descuentos recargo sconti! consegna imposta! buono! verzendkosten
    bezorgkosten belasting frete! taxas! cupom seguro! seguros rabatt! frakt! porto!
    avgift! fragt! gebyr! rabat! toimitusmaksu toimituskulu postikulut alennus! alv!
    przesyl! podatek! rabaty! postovne doprava! dph! sleva! zlava! szallitas
    szallitasi afa! kedvezmeny transtva! reducere taxa! доставка ддс отстъпк такса!
    dostava! pdv! popust! postarina достава пдв! попуст! μεταφορικά έξοδα_αποστολ φπα!
    έκπτωσ αντικαταβολ ндс! налог пошлин сбор! знижк податок kargo! indirim! vergi!
    شحن! توصيل ضريبه خصم رسوم هزینه_ارسال تخفیف مالیات משלוח! מע"מ הנחה דמי_משלוח
    शिपिंग डिलीवरी कर_ छूट जीएसटी ค่าจัดส่ง ค่าส่ง ภาษี ส่วนลด phi_van_chuyen phi_giao
    giam_gia thue! ma_giam ongkir ongkos_kirim pajak! diskon potongan! cukai!
    penghantaran 配送料 手数料 値引 クーポン ポイント 수수료 부가세 쿠폰 택배비 折抵
    優惠 稅 手續費 邮费 郵費
    """
)

OFFER = Terms(
    """
    save! off! over! free! next_order next_purchase up_to from_only sparen gratis
    kostenlos offert gratuit ahorra nachster_einkauf 满 满减 優惠券 无料 以上
    discount_on promo sparpreis economisez reduction_de des_l'achat ahorre
    descuento_en risparmia in_omaggio bespaar korting_op gratis! economize spara!
    spar! saasta! ilmainen oszczedz darmow usetrete zdarma usetrite zadarmo sporolj
    ingyen economisiti безплатн besplatn бесплатн δωρεάν безкоштовн ucretsiz bedava
    مجاني مجانا رایگان חינם मुफ्त ฟรี mien_phi! percuma 無料 送料無料 무료 免运 免運
    包邮
    """
)
"""A price beside these is an offer, not something that was bought."""
