"""What tells that a part of an order came: containers, exceptions, and counts."""

import re
from functools import cache

from worker.domain.lexicon.terms import Terms, fold

IN_PARCEL = Terms(
    """
    in_the_box! in_my_box! in_this_box! in_the_parcel! in_my_parcel! in_this_parcel!
    in_the_package! in_my_package! in_this_package! in_the_carton! inside_the_box!
    inside_the_parcel! inside_the_package! into_the_box! into_the_parcel!
    im_paket! im_karton! im_packchen! in_dem_paket! in_dem_karton! in_der_schachtel!
    in_der_sendung! in_der_kiste! in_meinem_paket! in_der_lieferung!
    dans_le_colis dans_mon_colis dans_la_boite dans_le_carton dans_le_paquet
    nel_pacco nella_scatola nel_mio_pacco nello_scatolone en_la_caja en_el_paquete
    en_mi_paquete na_caixa no_pacote na_encomenda na_embalagem in_de_doos!
    in_het_pakket! in_mijn_pakket! w_paczce w_pudelku w_kartonie w_przesylce
    в_коробке в_посылке в_пакете в_упаковке kutuda! kutunun_icinde paketin_icinde
    kolinin_icinde pakette! i_paketet i_ladan i_kartongen i_pakken i_pakka i_kassen
    i_esken paketissa laatikossa v_baliku v_krabici v_zasielke a_dobozban
    a_csomagban in_colet in_cutie в_пакета в_кутията u_paketu u_kutiji у_пакету
    στο_κουτι στο_δεμα στο_πακετο в_коробці в_посилці في_الصندوق في_الطرد في_الكرتون
    داخل_الصندوق داخل_الطرد در_جعبه در_بسته בקופסה בחבילה डिब्बे_में बॉक्स_में ในกล่อง
    ในพัสดุ trong_hop trong_thung trong_kien dalam_kotak dalam_kardus dalam_paket
    dalam_bungkusan 箱に 箱の中 荷物の中 박스에 박스_안
    상자에 상자_안 箱子里 盒子里 包裹里
    """
)
"""Where something is not, as ABSENT says."""
_NONE_IS = (
    r"\b(?:there(?:'s| is| was| are| were) (?:no|not an?|not any)"
    r"|there (?:is|was|are|were)n't (?:an?|any)"
    r"|(?:war|waren|ist|sind|lag|lagen|gab es) kein(?:e|er|en|s)?"
    r"|il n'y (?:a|avait) (?:pas|aucune?)(?: de\b| d')?"
    r"|no (?:hay|habia|habian)|nao (?:ha|havia|tinha)"
    r"|er (?:was|is|waren|zijn|zat|zaten) geen|nie (?:bylo|ma)|не было|нет|не було"
    r"|det fanns (?:ingen|inget|inga)|fanns (?:ingen|inget|inga)"
    r"|der var (?:ingen|intet)|det var (?:ingen|inget))"
)
_GOODS = r"(?P<{}>(?:[ ']+\w+){{1,3}}?)"


@cache
def absent() -> re.Pattern[str]:
    """Return what says that a container lacks something: an existential beside both."""
    container = rf"(?:{IN_PARCEL.pattern})"
    return re.compile(
        rf"{_NONE_IS}{_GOODS.format('goods')} {container}"
        r"(?! (?:aux|de correos|a lettres|delle|do correio|office|number))"
        rf"|{container} {_NONE_IS}{_GOODS.format('behind')}\W*\Z"
        r"|(?:箱子|盒子|包裹|箱|盒)里?(?:面)?(?:没有|沒有)(?P<chinese>\w{1,6})\Z"
    )


NO_GOODS = Terms(
    """
    problem issue! issues! fault error! wrong! mistake doubt! reason! need! sign!
    trace! harm! room! space! way! note! padding! filling! bubble paper! protect
    cushion foam! tape! slip! key! mail! fehler! schluss polster fullung grund! platz!
    probleme erreur! cle! souci! llave espacio! erro! chave! fout! sleutel problemow
    bledow проблем ошиб ключ fel! nyckel fejl! feil! 问题 問題 坏 壞 打开 損 气泡 泡沫
    """
)
"""What is not there, and nobody lacks it."""

EXCEPT = Terms(
    """
    except! apart_from save_for with_the_exception ausser! bis_auf sauf! excepte
    hormis a_part! a_l'exception tranne! eccetto ad_eccezione excepto! todo_menos
    todos_menos todas_menos tudo_menos salvo! a_excecao behalve! op_een_na utom!
    forutom undtagen bortset_fra unntatt bortsett_fra paitsi lukuun_ottamatta oprocz!
    z_wyjatkiem kromě okrem! vyjma kivetelevel kiveve cu_exceptia in_afara_de освен
    osim! осим! εκτος кроме! крім! haric! disinda! ما_عدا ماعدا باستثناء به_جز חוץ_מ
    למעט छोड़कर ยกเว้น ngoai_tru tru! kecuali 以外 除く 除いて 제외 빼고 除了 除外
    """
)
ALL = Terms(
    """
    all! everything! alles! alle! tout! tous! toutes! todo! todos! todas! tutto!
    tutti! tutte! tudo! allt! alla! alt! kaikki! wszystko! wszystkie! vse! vsechno!
    vsechny! vsetko! vsetky! minden! mindent! tot! toate! всичко! всички! sve! svi!
    све! сви! ολα! все! всё! всі! усе! hersey! her_sey! hepsi! كل جميع همه הכל כל सब
    सभी ทั้งหมด ทุก tat_ca semua! 全部 都 其他 其它 すべて 全て 以外は 모두
    전부 다_왔 다_받 다_도착
    """
)
"""All but an exception came; "以外は" is the exception and says as much by itself."""
NO_EXCEPTION = Terms(
    """
    that! this! it! delay late! lateness wait! waiting a_day! one_day! two_days!
    misunderstand confusion problem issue! error! mistake! smell!
    weiteres! das! dass! dies
    verspatung verzoger kleinigkeit ca! cela! que! ce! retard! erreur! probleme eso!
    esto! ello! retraso! demora! cio! questo! quello! ritardo! errore! isso! isto!
    atraso! erro! dat! dit! vertraging det! detta! dette! forsen forsink se! tama!
    myohasty to! tego! opoznien tym! tim! zpozden meskan toho! keses asta! acest
    intarzi това! закъсн това kasnjenj того! этого! этим! задерж опозд цього! затрим
    bunun! onun! gecik ذلك هذا تأخ تاخ تأخير זה! איחור עיכוב इसके देरी dieu_nay itu!
    keterlambatan それ これ 遅 그거 그것 지연 这 這 那 此 延迟 延誤 延误 遲
    """
)
"""Behind an exception: what is told of is no thing that lacks."""

HAS_COME = Terms(
    """
    veio! vieram! gekregen! dostal dostalam dostalem kaptam! kaptunk!
    lagen! zaten! zat! 收到 到了 送到 왔 받았 도착했 ได้รับ มาถึง 届き
    """
)
"""Further words for an arrival: only where no denial of it is looked for."""

ORDERED = Terms(
    """
    ordered! bought! paid_for instead_of *bestellt! gekauft! statt! anstatt! commande!
    commandai achete! au_lieu ordinat comprat invece_di pedi! pedimos compre! en_lugar
    en_vez encargue encargamos encomend comprei! em_vez besteld! gekocht! in_plaats
    zamowi kupil! kupilam! zamiast заказал купил вместо siparis satin_aldim yerine
    bestallde kopte! i_stallet bestilte kobte! i_stedet tilasin tilasimme objedna
    koupil misto! namiesto rendeltem comandat in_loc поръчах naruci наручи παρηγγειλ
    замови замість طلبت بدلا הזמנתי ऑर्डर_किए สั่ง dat_mua pesan! memesan 注文 購入し
    주문 订了 訂了 订购 訂購 买了 買了 下单 下單
    """
)

ONLY = Terms(
    """
    only nur lediglich seulement solo! solamente soltanto apenas somente alleen
    slechts maar! kun! bara! endast vain! tylko jenom! jen! pouze csak! doar! numai
    samo! само! только лише тільки μονο sadece yalnizca فقط hanya cuma 只 しか 만_왔
    """
)
"""Between two counts: so many of them came."""

MAILS = Terms(
    """
    *mail! mails! e-mail *mails! tracking! update! updates! attach attached message!
    messages! notification document dokument *nachricht! nachrichten! anhang! anhange!
    piece_jointe documents! mensaje mensajes! documento adjunto messaggi messaggio
    allegat mensagem mensagens anexo bericht! berichten! bijlage bilaga bilagor vedlegg
    zalaczn wiadomos priloh вложен сообщен документ письм файл лист! листи! page!
    pages! form! forms! step! steps! call! calls! try! tries! attempt star! stars!
    文件 邮件 附件 添付 書類 メール 첨부
    """
)
"""Of which a share is no part of an order, as of papers and photographs."""

NO_THINGS = Terms(
    """
    box! boxes! parcel! parcels! package! packages! carton! cartons! crate! crates!
    bag! bags! pallet! pallets! shipment! shipments! delivery! deliveries! *paket!
    *pakete! *paketen! *karton! *kartons! *lieferung! *lieferungen! sendung! sendungen!
    colis! cartons! paquet! paquets! livraison! livraisons! paquete! paquetes! caja!
    cajas! entrega! entregas! pacco! pacchi! scatola! scatole! spedizioni! consegne!
    doos! dozen! pakket! pakketten! pakje! pakjes! zendingen! caixa! caixas! pacote!
    pacotes! paket! paketet! kartong! kartonger! pakke! pakker! eske! esker! paczk
    karton! kartony! kartonach! pudel balik! baliky! krabic коробк посыл посилк пакет
    koli! kutu kutuda! 包裹 快递 荷物 상자 박스
    person! persons! people! woman! women! guest! guests! driver! drivers!
    courier! couriers! friend! friends! child! children! kids! customer! customers!
    sons! daughters! neighbour neighbor personen! mann! manner! gaste! fahrer! boten!
    kinder! leute! personne! personnes! homme! hommes! livreur! livreurs! invites!
    enfants! persona! personas! hombre! hombres! invitados! repartidor persone! uomini!
    ospiti! corriere corrieri! bambini! mensen! mannen! gasten! pessoas! homens!
    convidados! osob! osoby! goscie! gosci! человек люди гост курьер
    metre! metres! meter! meters! metri! metros! inch! inches! foot! feet! yard! yards!
    litre! litres! liter! liters! litri! litros! gram! grams! gramm! gramme! kilo!
    kilos! m! l! g! ml! gb! mb! tb! percent! per_cent! prozent! pour_cent! per_cento!
    por_ciento watt! watts! volt! volts! zoll! метр литр грамм
    size! sizes! number! no! nr! num! door! floor! room! flat! apartment! house! street!
    road! avenue! lane! main! address! unit! gate! locker! große! grosse! nummer!
    hausnummer! tur! turen! stock! etage! strasse! taille! pointure! numero! porte! rue!
    talla! puerta! piso! calle! taglia! porta! piano! via! maat! huisnummer! verdieping!
    tamanho! rua! andar! storlek! storrelse rozmiar! pietro! дом размер этаж квартир
    um! at! a_m! p_m! first! zuerst! zunachst! d'abord! primero! later! free! extra!
    step! page! day! uhr! chapter! volume!
    """
)
"""Beside a number: it counts no things that were ordered."""

_NUMBERS = {
    1: "one, only one, nur ein, nur eine, nur einen, nur einer, nur eins, que un,"
    " qu'un, qu'une, que une, solo uno, solo una, solo un, apenas um, apenas uma,"
    " so um, so uma, maar een, slechts een, bara en, bara ett, kun en, kun et, bare en,"
    " tylko jeden, tylko jedna, tylko jedno, jen jeden, jen jedna, только один,"
    " только одна, только одно, только одну, лише один, лише одна, sadece bir",
    2: "two, zwei, deux, due, dos, dois, duas, twee, tva, dwa, dwie, dve, dva, два,"
    " две, дві, iki, kaksi, ketto, doua, doi, δυο,"
    " dwoch, dvou, двух, двох, اثنين, اثنان",
    3: "three, drei, trois, tre, tres, drie, trzy, tri, три, uc, kolme, harom, trei,"
    " τρια, τρεις,"
    " trzech, tri, трех, трьох, ثلاثة",
    4: "four, vier, quatre, quattro, cuatro, quatro, fyra, cztery, ctyri, styri,"
    " четыре, чотири, nelja, negy, patru, τεσσερα,"
    " czterech, ctyr, четырех, чотирьох, أربعة",
    5: "five, funf, cinq, cinque, cinco, vijf, fem, piec, pat, пять, п'ять,"
    " viisi, cinci, πεντε,"
    " pieciu, peti, пяти, п'яти, خمسة",
    6: "six, sechs, seis, zes, szesc, sest, шесть, alti, kuusi, sase, εξι,"
    " seks, szesciu, sesti, шести, шість, ستة",
    7: "seven, sieben, sept, sette, siete, sete, zeven, sju, syv, siedem, siedmiu,"
    " sedm, sedem, семь, семи, сім, семи, yedi, seitseman, sapte, επτα, εφτα, سبعة",
    8: "eight, acht, huit, ocho, oito, atta, otte, osiem, osm, восемь, sekiz,"
    " osmiu, восьми, ثمانية",
    9: "nine, neun, nove, nueve, negen, nio, dziewiec, dziewieciu, devet,"
    " девять, девяти, дев'ять, dokuz, devat, yhdeksan, kilenc, noua, εννεα, εννια,"
    " تسعة",
    10: "ten, zehn, dix, dieci, diez, dez, tien, dziesiec, deset, десять,"
    " dziesieciu, десяти, عشرة",
    11: "eleven, elf, undici, elva, elleve, jedenascie, jedenastu, jedenact,"
    " jedenast, одиннадцать, одиннадцати, одинадцять, on bir, yksitoista, tizenegy,"
    " unsprezece, εντεκα, ενδεκα",
    12: "twelve, a dozen, zwolf, douze, dodici, doce, doze, twaalf, tolv, dwanascie",
}
"""Words that are more often another are left out: "neuf" (new), Dutch "onze" (our)."""
_CHINESE = dict(
    zip("一两二三四五六七八九十", (1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 10), strict=True)
)
_CHINESE["兩"] = 2
_KOREAN = dict(zip(("한", "두", "세", "네", "다섯"), range(1, 6), strict=True))
_VALUES = {
    fold(w.strip()): n for n, all_of in _NUMBERS.items() for w in all_of.split(",")
}
_VALUES |= {fold(word): count for word, count in {**_CHINESE, **_KOREAN}.items()}
_WORDS = "|".join(
    sorted((w for w in _VALUES if not w[0] > "\u2e80"), key=len, reverse=True)
)
_OF = (
    r"out of|of|von|der|sur|des|de|di|dei|delle|su|van|av|af|ud af|z|ze|od|из|із|з|от"
    r"|από|απο|din|dintre|dari|dos|das|من"
)
_IDEOGRAPHS = r"\u3040-\u9fff\uac00-\ud7af"
"""A number stands right behind these."""
_NO_COUNT = (
    r"(?![ .,:/-]?\d| ?(?:[%€$£¥°]|[ap]\.?m\b|h\b|st\b|nd\b|rd\b|th\b|to\b)"
    r"|\W{0,2}(?:minut|hour|days?\b|weeks?\b|months?\b|years?\b|times\b|o'?clock"
    r"|uhr\b|stunde|tage|woche|monat|jahr|heure|jours?\b|semaine|mois\b|ans\b|ore\b"
    r"|giorn|settiman|mesi\b|anni\b|hora|dias?\b|semana|mes(?:es)?\b|anos?\b|uur\b"
    r"|dagen|weken|weeks|maand|jaar|timm|timer|dagar|dager|dage\b|veck|uker|uger"
    r"|manad|maned|godzin|dni\b|tygod|miesi|hodin|tydn|mesic|час|дн|недел|месяц|мин"
    r"|тижн|місяц|saat|gun|hafta|ay\b|tunti|paiva|viikko|kuukau|ora\b|nap\b|het\b"
    r"|euro|dollar|usd|eur|gbp|kg\b|cm\b|mm\b"
    r"|jan|feb|mar[sczt]|maart|apr|mai\b|may\b|maj|jun|jul|aug|ag[ou]|sep|o[ck]t|nov"
    r"|de[cz]|dic|янв|фев|мар|апр|ма[йя]|июн|июл|авг|сен|окт|ноя|дек)"
    r"|[日月年時时分点點円元원週周天小歳岁]|분|시간|일|주|월|년)"
)
ONLY_SOME = re.compile(
    rf"(?:{ONLY.pattern}|\bjust\b)(?:\W+\w+){{0,4}}?\W+"
    rf"(?:\d{{1,3}}|one|eine?[rns]?|une?|una|uno|uma?|een|en|ett|et|jeden|jedna|один|одна"
    rf"|одну|ενα|bir|un|o|egy|ket|to|pet|satu|dua|{_WORDS})"
    rf"(?:\W+(?:{_OF})\b|\W+\w+\W+(?:{_OF})\W+(?:\d|(?:sei|sex|hat|{_WORDS})\b))"
)
"""Two of three that were ordered."""
COUNT = re.compile(
    rf"(?<![.,:/#-])(?<![^\W{_IDEOGRAPHS}])(?:(?P<word>{_WORDS})(?!\w)|(?P<digits>[1-9]\d?)(?!\d)){_NO_COUNT}"
    rf"|(?P<chinese>[{''.join(_CHINESE)}])(?=[个個件本双雙只隻套盒])"
    rf"|(?P<korean>{'|'.join(map(fold, _KOREAN))}) ?(?=개|권|장|켤레)"
)
"""A number of things in a folded text; no day, time, price or measure."""
OF = re.compile(rf"\W{{1,3}}(?:\w+\W){{0,2}}?(?:{_OF})\W(?:\w+\W){{0,2}}?")
"""What stands between the counts of "two of the three"."""
BARE = re.compile(
    r"[個个件本双雙只隻箱套盒点枚개권장]?(?:만|しか)?\s*(?:\Z|[,;:()。、，–-])"
    rf"|\s+(?:{ONLY.pattern})"
    r"|\s+(?:of (?:them|these|those)|davon|d'entre|de el|di lor|an\b|ein\b|items?\b"
    r"|pieces?\b|articles?\b|artikel|stuck|sztuk|шт)"
)
"""What stands behind a number of what was named before it: "got two"."""
LITTLE = (
    r"(?:\W+(?:just|me|us|que|qu|ich|wir|je|nous|jag|vi|jeg|ik|we|i|er|hier|mir|uns|mig"
    r"|mij|ons|mi|nos|ne|к|мне|нам|sadece))"
)
"""What may stand between a verb and its number."""
HELPING = (
    r"(?:\s+(?:have|has|were|was|are|of|them|actually|sind|ist|wurden|wurde|sont|ont|ete"
    r"|est|han|ha|sono|zijn|is|er|werden|har|ble|blev|zostaly|zostalo|sam|smo|su|de"
    r"|davon|bei|mir|uns|hier|ellos|ellas))"
)
"""What may stand between a number and its verb."""
OF_ALL = re.compile(
    r"\b(?:of|from|von|aus|sur|su|dei|delle|de|dos|das|van|av|af|z|ze|od|из|із|от|από"
    r"|din|dari)(?: the| den| les| los| las| de)?\W+\Z"
)
"""What stands before the greater count of "of three cups only two arrived"."""
OUT_OF_THESE = re.compile(r"[個点本枚개]?のうち|[個点本枚] ?中")
"""What stands behind it in Japanese."""


def value_of(found: re.Match[str]) -> int:
    """Return the number that COUNT found."""
    if found["digits"] is not None:
        return int(found["digits"])
    return _VALUES[found["word"] or found["chinese"] or found["korean"]]
