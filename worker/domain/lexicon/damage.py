"""What happened to a package, and what tells one event from another."""

from worker.domain.lexicon.terms import Terms

DAMAGE = Terms(
    """
    rovesciat derramo! derramar debris! pedazos! pedacos! rozlal вытек витек витік
    متصدع تصدع *knaekket katkennut
    soaking_wet million_pieces thousand_pieces didn't_survive did_not_survive
    unusable! doesn't_power does_not_power won't_power has_a_hole
    hole_in_the_box hole_in_the_parcel hole_in_the_carton hole_in_the_side
    has_a_big_hole glass_everywhere came_off_in
    riss! risse! ein_loch locher! ist_hinuber sind_hinuber nicht_mehr_einschalt
    pris_l'eau gondole s'est_detach sont_detach perce! percee! ne_s'allume
    mille_pezzi staccat non_si_accende trizas anicos cacos! estao_partid foram_partid
    vinha_partid vinham_partid ficaram_partid trincou! se_soltou
    duizend_stuk nat_geworden bedorven! afgebroken zijn_stuk! waren_stuk! was_stuk!
    w_kawalkach отломил обломил отвалил kopmus koptu! gatt_av! sirpale na_kusy!
    na_kousky darabokra facut_bucati facuta_bucati ήρθε_κομμάτια
    έγινε_κομμάτια σε_κομμάτια тріснув
    穴が 電源が入ら 電源が入りま 떨어져_나 구멍 켜지지 湿了 濕了 断掉 斷掉
    damag broke! broken breakage crack shatter smash crush dent! dents! dented torn!
    leak scratched split_open defect faulty ruined destroyed chipped! soaked got_wet
    mangled! deform warped ripped! burst! not_working does_not_work doesn't_work
    in_pieces
    *beschadig *beschaedig kaputt *zerbroch *zerstor *zerstoer *schaden zerdruck
    zerdrueck zerquetsch eingedruck eingedrueck eingedell eine_delle!
    tiefe_delle! grosse_delle! kleine_delle! dicke_delle! mit_delle! delle_im!
    delle_am! delle_in_der! delle_in_dem! delle_an_der! delle_auf_der! verbeult
    *gerissen
    *gebrochen defekt ausgelaufen verkratz kratzer zersplitter zerschlag durchnass
    ramponiert gesprungen einen_sprung sprung_im nabasag basag!
    casse! cassee! casses! cassees! brise! brisee! brises! brisees! endommag abim
    deterior fissur felee dechir ecras defectueu degat en_morceaux fendu! tordu!
    dommages!
    roto! rota! rotos! rotas! danad dano! danos! averiad estropead quebrad agrietad
    aplastad abollad rasgad defectuos destrozad destruid rompio mojad rajad
    rotto! rotta! rotti! rotte! danneggiat danni! danno! spezzat schiacciat ammaccat
    frantumat incrinat crepat difettos strappat graffiat distrutt
    kapot! gebarsten gescheurd ingedeukt verbrijzeld gedeukt schade_aan *schade!
    ficou_partid veio_partid chegou_partid esta_partid
    danificad avariad rachad amassad estragad esmagad trincad molhad
    uszkodz zniszcz rozbit polaman peknie pekl! zgniecion podart rozerwan zlaman
    stluczon potluczon
    поврежд разбит разбил сломан сломал треснут треснул трещин порван помят разорван
    испорч дефект раздавл
    hasar kirik kirilm bozuk ezik! ezilm yirtik yirtil catlak parcalan zarar_gor
    skada trasig krossad beskadiget odelagt knust poskozen rozbit serult torott
    vaurioitun
    破损 破損 损坏 損壞 破碎 碎了 碎掉 摔碎 摔坏 摔烂 坏了 壞了 坏掉 压坏 压扁 压烂
    毁坏
    损毁 裂了 裂开 破裂 碎裂 裂痕 变形 變形 打碎 受损 破了 划痕 漏液
    壊れ 割れ 損傷 ひび つぶれ 潰れ 凹 へこ 破れ 傷つ 傷が キズ 濡れ 故障 欠けて
    파손 깨졌 깨져 깨진 깨짐 부서 손상 찌그러 망가 찢어 고장 훼손
    dinged! buckled! squashed! squished! smushed! bashed! battered! banged_up
    beat_up! beaten_up caved_in puncture gashed! spilled! spilt! spillage busted!
    snapped! splintered! fracture scuff scraped! gouge mauled! trashed! wrecked!
    in_bits! shards! in_tatters tattered! frayed! mouldy! moldy! soggy! drenched!
    waterlogged! water_stain is_stained was_stained melted! scorched! dead_on_arrival
    won't_turn_on won't_switch_on doesn't_turn_on does_not_turn_on malfunction
    fell_apart came_apart falling_apart collapsed! corroded! rusted! smithereens
    flattened! crumpled! is_bent! was_bent! got_bent! are_bent! badly_bent!
    in_two_pieces kaput!
    angeschlagen abgesplittert verbogen verformt zerkratz zerfetzt zerriss geplatzt!
    aufgeplatzt zerknautsch zerknick geknickt! durchweicht aufgeweicht nass! feucht!
    geborsten zertrummer demoliert ladiert beule! beulen! dellen! eingebeult scherben!
    bruch! undicht! schadhaft funktioniert_nicht zu_bruch verschimmel schimmel!
    verschmutzt
    caboss bossele! bosselee! eclate! eclatee! explose! explosee! en_miettes en_mille
    tordue! fendue! ebrech mouille trempe! trempee! detremp troue! trouee! eventr
    defonc froiss ne_fonctionne_pas ne_marche_pas hors_service en_panne! a_coule!
    bris_de moisi! moisie!
    rompid rotura fractur astillad aranad aranaz golpead golpe! magullad hundid
    perforad empapad derramad no_funciona no_enciende hecho_pedazos hecha_pedazos
    hecho_anicos hecha_anicos en_pedazos despedazad descompuest maltratad
    en_mal_estado torcid desgarrad reventad resquebraj desportillad estall llego_rayad
    esta_rayad
    danneggi rovinat spaccat lacerat bagnat bucato! bucata! sfondat scheggiat
    infranto! infranta! in_frantumi in_pezzi a_pezzi! non_funziona guasto! guasta!
    guasti! crepa! sfasciat sgualcit rottura! rotture! macchiat
    quebrou! danific estilhac despedac arranhad amolgad lascad furado! furada! vazou!
    vazamento encharcad destroc defeituos com_defeito nao_funciona nao_liga em_pedacos
    aos_pedacos avaria! avarias! estragou rachou! rachadur amassou amarrotad
    gebroken is_stuk! stuk_gegaan stukgegaan stuk_aangekomen helemaal_stuk in_stukken
    deuk! deuken! geplet! verpletter verfrommel gelekt! lekkage doorweekt drijfnat
    kletsnat barst! barsten! scheuren! scheur! vernield verwoest werkt_niet
    doet_het_niet gehavend gesneuveld diggelen versplinter
    skade skadad krossat krossade sprucken sprucket spruckna spricka! sprickor!
    gatt_sonder ar_sonder! var_sonder! gick_sonder helt_sonder bucklig repig! repad!
    intryckt tillplattad ihoptryckt genomblot vattenskad fungerar_inte i_bitar
    forstord forstort mosad!
    i_stykker revnet! revne! flaenget bulet! smadret ridset! ridser! virker_ikke
    vandskad sprukket bulkete sammenklemt fungerer_ikke vannskad gjennomvat
    rikki! rikkout sarkyn sarkyi vaurio vahingoittu hajonnut hajosi! murskaant
    murtunut halkeam haljenn lommo! lommolla naarmu repeyty revenn kastunut kastui!
    vuotanut viallinen viallis litistyn lytistyn lytyssa
    zepsut pekl pekniet peknal rozdart wgniec wgniot zgniot zmiazdz porysow zarysow
    zalany!
    zalana! zalane! przemoczon mokra! mokry! mokre! stlucz pokrusz ukrusz wyszczerb
    odlam ulaman zdeformow pogiet wygiet wadliw nie_dziala rozlan wyciek! wyciekl
    przeciek usterk
    poskoz rozbi znicen praskl popraskan prasknut rozlomen zlomen ulomen odlomen
    roztrzen roztrhan roztrhnut potrhan protrzen pomackan promackl zmackan rozmackan
    promocen vytekl! vyteklo vylit rozlit vadny! vadna! vadne! nefung nefunkcn poskrab
    prorazen strepy!
    poskod puknut natrhnut pokrcen stlacen premocen vyliat poskriab
    megserul osszetor eltort! eltorott megreped repedt repedes horpad beszakad
    elszakad szakadt! osszenyom roncsol tonkrement tonkretett karcos! karcol elazott
    atazott kifolyt! kiomlott nem_mukod rongal csorba! hibasan hibas!
    spart! sparta! sparte! stricat avariat rupt! rupta! rupte! crapat fisurat zdrobit
    turtit indoit lovit! lovita! zgariat zgarietur sfasiat distrus ciobit in_bucati
    nu_functioneaza
    повред счупен счупи спукан пукнат скъсан разкъсан смачкан надраскан мокър намокр
    унищож деформ изкривен не_работи изтекъл изтекл протек протече разлят строшен
    ostecen razbijen slomljen polomljen puklo! napuknut napuklo poderan pocepan
    pocijepan rasparan zgnjecen zguzvan ulubljen udubljen izgreban ogreban pokidan
    unisten neisprav mokar! mokro! procuri prosut proliven pokvaren potrgan ne_radi!
    оштећ сломљ поломљ разбијен напук поцепан згњеч неисправ покварен уништен
    σπασμέν έσπασ σπάσ χαλασμέν χάλασ κατεστραμμ καταστράφ φθαρμ ζημι ραγισ σκισμ
    σχισμ τσαλακ στραπατσ τσακισμ χτυπημέν βουλιαγμ θρυμματ γρατζουν γρατσουν βρεγμέν
    μουσκεμ ελαττωματικ διαρρο βαθούλω ζουληγμ δεν_λειτουργεί
    битый! битая! битое! расколо осколк погнут гнутый мятая! мятый! мятое! смят замят
    вмятин царапин поцарап сколот надорван разодран раздроб потек! потекл разлил
    разлит промок мокр намок не_работает бракованн брак! продавл проломл вдребезги
    разруш разлом покорёж испорт расплющ
    пошкодж розбит побит зламан поламан тріснут тріснул тріщин розірван пом'ят зім'ят
    вм'ятин подряп зіпсован несправн протік розлил знищен розтрощ розчавл не_працю
    kirild bozul ezild catla! catladi catlam patlam patlak! delinm cizik! cizilm
    zedelen gocuk islanm islak! sizdir sizinti kusurlu arizali calismiyor tahrip yamul
    egilm tuzla_buz paramparca burusuk burusm
    تالف تلف! تلفت! تلفا! متضرر تضرر ضرر أضرار مكسور مكسر انكسر اتكسر كسر! كسرت كسور
    تكسر محطم
    تحطم مهشم تهشم ممزق تمزق مشقوق متشقق تشقق مخدوش خدش خدوش معيب معطوب معطل عطل!
    مثقوب مبلل مبتل مسحوق منبعج انبعاج مشوه مدمر تسرب مهروس خربان لا_يعمل لا_تعمل
    شکسته شکست! آسیب خسارت خراب پاره! ترک_خورد له_شده مچاله خیس! نشتی معیوب ضربه_خورد
    فرورفت خراشید صدمه کار_نمی
    שבור נשבר פגום פגומ ניזוק נזק קרוע נקרע סדוק נסדק סדקים מעוך נמעך מעוכ שרוט שריט
    מנופץ התנפץ רטוב נרטב דולף דליפה נזילה מקולקל התקלקל לא_עובד הרוס נהרס עקום מרוסק
    תקול
    टूट क्षति खराब फटा_ फटी_ फटे_ फट_ग चकनाचूर दरार खरोंच नुकसान डैमेज पिचक भीग दोषपूर्ण
    लीक_ काम_नहीं_कर
    แตกตอน แตกระหว่าง
    ชำรุด เสียหาย แตกหัก แตกร้าว แตกละเอียด แตกเป็น แตกหมด แตกมา แตกแล้ว แตกทั้ง แก้วแตก
    ของแตก สินค้าแตก จานแตก แตกเสีย พังเสีย พังหมด พังมา พังแล้ว พังทั้ง พังยับ กล่องพัง
    สินค้าพัง หักครึ่ง หักเป็น หักมา ฉีกขาด ร้าว บุบ ยุบ เปียก รั่ว ขีดข่วน
    บิ่น ใช้งานไม่ได้
    เสียรูป ขึ้นรา
    bi_vo! bi_hong! bi_hu! hu_hong bi_be! bi_gay! bi_mop! mop_meo bi_rach! rach_nat
    bi_nut! nut_vo vo_nat vo_vun be_nat bi_uot! bi_tray! tray_xuoc bi_dap! dap_nat
    bi_bep! hong_hoc bi_loi! hu_hai be_vo! do_vo!
    rusak! rosak! kerusakan kerosakan pecah! retak! hancur penyok koyak! terkoyak
    sobek! robek! patah! remuk! bocor cacat! lecet! tergores basah! kemek!
    こわれ ヒビ 亀裂 ぺしゃんこ ぐしゃぐしゃ ヘコ 折れて 折れた 曲がって 歪んで 不良品
    不具合 傷んで 擦り傷 液漏れ 漏れてい 漏れて 水濡れ ぬれて 欠損 粉々 バラバラ
    動きませ 動作しな 裂け 大破 損壊 毀損 ボロボロ
    깨지 부러졌 부러져 부러진 부러지 금이_가 금이_갔 금_간 박살 산산조각 구겨 눌려
    눌린 뭉개 젖어 젖었 터져 터졌 터진 샜 흠집 스크래치 긁힌 긁혀 불량 작동하지 하자가
    뜯겨 뜯긴 파열 휘어 휘었 으깨
    摔壞 摔爛 壓壞 壓扁 壓爛 毀壞 損毀 裂開 裂纹 裂紋 劃痕 刮痕 刮花 磕碰 磕坏 凹陷
    凹痕 撞凹 瘪了 癟了 破洞 撕破 撕裂 断了 斷了 断裂 斷裂 折断 折斷 弄坏 弄壞 坏的
    壞的 烂了 爛了 残破 殘破 残损 受損 受潮 进水 進水 浸湿 浸濕 淋湿 淋濕 湿透 濕透
    泡水 漏了 洒了 灑了 渗漏 滲漏 发霉 發霉 瑕疵 粉碎 碎成 碎片 破烂 破爛 砸坏 砸壞
    挤压变
    """
)
