"""What did not come: losses, and the words that deny or narrow them."""

from worker.domain.lexicon.terms import Terms

INCOMPLETE = Terms(
    """
    not_all_items_were_in not_all_the_items_were_in never_made_it_into_the_box
    nowhere_to_be_found_in_the_box nowhere_to_be_found_in_the_pa
    arrived_empty came_empty delivered_empty was_not_there! were_not_there!
    nicht_drin! lag_nicht_bei lagen_nicht_bei kam_leer kutu_bos puste! 里缺 裡缺 缺两
    缺兩 개만_왔 개만_받 개만_들어 개만_도착
    incomplete! partial_loss part_of_the_contents not_in_the_box not_in_the_package
    not_in_the_parcel not_included not_inside *n't_in_the *n't_inside shortage
    only_received_one only_one_of only_two_of only_half only_received_part is_empty
    was_empty empty_box empty_parcel empty_package pilfer was_short short-shipped
    unvollstandig unvollstaendig nicht_enthalten nicht_dabei nicht_im_paket
    teilverlust
    nicht_im_karton nicht_in_dem nicht_in_der nur_ein_teil war_leer ist_leer leeres!
    incomplet pas_dans_le colis_vide est_vide etait_vide perte_partielle
    no_venia! no_venian! no_estaba! no_estaban! vacio! vacia! perdida_parcial
    non_era_nel non_erano_nel vuoto! vuota! perdita_parziale
    onvolledig incompleet niet_in_de_doos zat_niet_in zaten_niet_in lege_doos
    nao_veio nao_vieram nao_estava vazio! vazia! perda_parcial
    niekomplet brakuj brakow nie_bylo_w
    не_хвата нехват недоста неполн не_оказалось пустая! пустой!
    eksik noksan icinden_cikmadi kutu_bos
    少了 少发 少件 少一 少两 漏发 漏發 缺少 缺件 缺了 不全 空的 里没有放 里面没有
    裡面沒有
    部分丢失
    不足 足りな 足りま 欠品 入っていな 入っていま 入ってな 入ってま 空でし 空っぽ
    누락 빠져 빠졌 빠진 부족 들어_있지 들어있지_않 비어
    short_of_one short_one short_two came_up_short one_short two_short only_contained
    qu'un_seul qu'une_seule forgot_to_put forgot_to_include forgot_to_pack
    only_part_of only_some_of only_got_one only_got_two not_everything_was
    not_everything_arrived items_short light_by half_empty half_the_order
    was_half_of_it not_packed left_out_of were_left_out was_left_out
    no_sign_of_the_other
    fehlmenge zu_wenig nur_die_halfte nur_eines_von nur_einer_von nur_eine_von
    unvollzahlig nicht_vollstandig leerer_karton leeres_paket leere_schachtel
    nicht_mitgeliefert nicht_beigelegt
    pas_complet vide! n'etait_pas_dans n'etaient_pas_dans il_n'y_avait_qu
    contenu_partiel non_inclus
    no_incluia no_traia no_traian no_estaba_en solo_venia solo_vino solo_recibi_un
    solo_llego_un llego_vaci contenido_parcial
    non_completo non_completa mancanza_di solo_uno_dei solo_una_delle e_arrivato_solo
    non_c'era non_c'erano non_incluso
    faltando_um veio_so veio_apenas so_veio so_recebi_um so_recebi_uma nao_estavam_na
    nao_estava_na caixa_vazia
    te_weinig slechts_een_van maar_een_van niet_compleet niet_volledig was_leeg!
    is_leeg! niet_bijgesloten
    ofullstandig inte_komplett tom_lada tomt_paket var_tom! var_tomt! fanns_inte_i
    bara_en_av endast_en_av
    ufuldstaendig ufullstendig ikke_komplet la_ikke_i var_ikke_i tom_eske tom_kasse
    var_tom kun_en_af kun_en_av
    puutteellin epatayd vajaa! vajaana ei_ollut_paketissa ei_ollut_laatikossa
    oli_tyhja tyhja_paketti tyhja_laatikko vain_yksi vain_osa
    puste_pudel pusta_pacz pusty! pusta! nie_znalazl niepeln tylko_czesc tylko_jeden_z
    tylko_jedna_z
    neupln nekompletn prazdn nebyl_v_balik nebyla_v_balik nebylo_v_balik pouze_jeden_z
    jen_cast nebol_v_balik nebola_v_balik iba_cast
    hianyos hianyzott_a csak_egy ures_doboz ures_csomag ures_volt nem_volt_benne
    nem_volt_a_csomag
    gol! goala! era_goala nu_era_in nu_erau_in doar_o_parte doar_unul_din
    непълн непълен празна! празен! само_част липсващ
    nepotpun prazna! prazan! prazno! samo_dio samo_jedan_od nije_bio_u_paket
    nije_bilo_u_paket непотпун празан!
    ελλιπ ημιτελ άδειο άδεια_ άδειο! δεν_υπήρχε δεν_ήταν_μέσα μόνο_ένα_από
    некомплект не_полност не_доложил недолож не_было_в_короб не_было_в_посыл
    не_было_внутри пустую! пустое! только_одна_из только_один_из
    не_вистача бракує бракувал неповн порожн не_було_в_короб не_було_в_посил
    лише_один_з тільки_один_з
    yoktu! bos_kutu bos_cikti bos_geldi cikmadi! tamam_degil sadece_bir icinden_cikma
    ناقص نقص فارغ فارغه غير_مكتمل ليست_كامل غير_كامل
    کسری کم_بود کمبود خالی_بود کم_داشت
    חסר חסרה חסרים לא_שלם לא_היה_בתוך לא_היו_בתוך ריקה ריק!
    अधूरा अधूरी अधूरे कम_निक कम_मिल कम_था खाली_डिब्बा खाली_बॉक्स खाली_था डिब्बा_खाली
    ไม่ครบ ขาดหาย ขาดไป กล่องเปล่า ไม่มีอยู่ในกล่อง ไม่มีในกล่อง ได้ไม่ครบ ขาดสินค้า
    bi_thieu thieu_hang giao_thieu con_thieu thieu_mot thieu_1 khong_du! hop_rong
    khong_co_trong khong_day_du
    tidak_lengkap kurang_satu kurang_lengkap kosong! isinya_kurang barang_kurang
    tak_lengkap tidak_cukup isi_kurang
    空箱 欠けて届 足らな 不備 抜けて 入っておら 空の箱 一部しか 片方しか
    덜_왔 덜_들어 안_들어 빈_상자 빈_박스 텅_빈 일부만 하나만_왔 미포함
    缺了一 缺一 缺東 缺东西 不齐 不齊 里没放 裡沒放 空盒 是空的 漏装 漏裝 里面没 裡面沒
    只有一件 只收到一 只收到部分 少發 少裝 少装 部分遺失 部分遗失
    """
)
"""Something in the parcel is not there: never said of the parcel itself."""

MISSING = Terms(
    """
    faltava! faltavam! manglet! غير_موجود
    missing! lacks! lacking! fehlt! fehlte! fehlen! fehlend manque! manquait manquent
    manquant falta! faltan! faltaba faltante faltou faltam faltando manca! mancano!
    mancava mancante ontbreekt ontbreken ontbrak brak! отсутств saknas saknades
    mangler!
    manglede puuttuu 缺失 不见了 見当た 없었
    ينقص कम_है
    gone! absent! lack_of mangelt manca mancavano! manquante! manquants! faltan
    ontbrekend saknade! fattas! fattades! manglede! mangel_pa puuttui
    puuttuvat brakowalo chybi! chybel chybely chyba! chybal chybali hianyzik hianyoz
    hianyzott lipsest lipseste lipsea lipsa! lipsesc липсва липсват nedostaj недостаје
    недостају fali! λείπ έλειπ λείπουν нет_в_короб немає! відсутн eksikti مفقود ناقص
    غائب نیست! خبری_نیست חסר नहीं_था नहीं_थी नहीं_थे गायब ไม่มีของ หายไป thieu! hilang!
    tiada! tidak_ada ありませんでした 入っていませ なかった 없어요 없습니다 不見了
    不见 缺了 缺少
    """
)
"""Said of the parcel or of something in it; the words beside it tell which."""

LOST = Terms(
    """
    no_sign_of_my no_sign_of_the_pa no_sign_of_it 至今未到 لم_أتلق
    lost! loss! disappear vanish stolen! misdeliver undelivered non-delivery
    non-receipt
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
    misplaced! mislaid! went_astray gone_astray astray! pinched! nicked! swiped!
    snatched! theft! thief! thieves! stole! porch_pirate nowhere_to_be_seen
    never_turned_up never_showed no_trace non_arrival non-arrival no_delivery
    not_at_my_door didn't_show failed_to_arrive failed_to_deliver still_waiting_for_my
    still_waiting_for_the delivered_elsewhere delivered_to_someone
    geklaut! entwendet diebstahl untergegangen! nicht_auffindbar unauffindbar
    verlorengegangen verschutt! immer_noch_nicht_da nie_gekommen nicht_angekommen
    nicht_zugestellt nicht_erhalten falsch_zugestellt
    perdus! perdues! egaree! volatilis disparait introuvable jamais_arrive derobe
    vol_de non_remis non_parvenu pas_arrive
    perdio! se_perdio! hurtad hurto! robaron! sustrai no_ha_llegado no_llego
    desaparecio no_entregad
    smarr perdita! dispers furto! rubato! introvabil mai_arrivat mai_ricevut
    non_pervenut non_arrivat mancata_consegna
    perderam! perdeu-se sumid foi_perdid roubo! roubaram nunca_chegou nao_chegou
    verloren zoek! kwijtgeraakt spoorloos onvindbaar gejat! diefstal verdween
    niet_aangekomen niet_bezorgd
    forlorad tappat_bort kommit_bort stulen stulet! stold! aldrig_kommit inte_kommit
    inte_fatt uteblev ej_mottag ej_levererad
    mistet! vaek! stjalet! stjalen gaet_tabt ikke_kommet ikke_modtaget aldrig_modtaget
    aldri_kommet aldri_mottatt ikke_mottatt ikke_levert tapt! forsvant! mistede
    havinn havis! hukkunu hukassa kadoksis varastet varastettu ei_saapunut
    ei_ole_saapunut en_ole_saanut ei_ole_tullut ei_tullut ei_toimitettu
    ei_ole_toimitettu
    zginal zginel zginela zaginion ukradzion kradziez nie_dotarl nie_doszl
    nie_otrzymal nie_dostal nie_przyszl nie_dostarcz przepadl
    ztratil ztracen zmizel ukraden odcizen nedorazil nedoruc neprisel neprisl
    neobdrzel nedostal! nedostala! neprevzal dosud_neprisl
    stratil stratena! strateny! straten zmizol zmizla nedorazila neprisiel neprisla
    neobdrzal nedorucen
    elveszett! elveszit elveszt elvesz eltunt! elkallod ellop nem_erkezett nem_kaptam
    nem_jott nem_kezbesit meg_nem_kap
    pierdut pierderea disparut furat! furata! nu_am_primit n-am_primit nu_a_ajuns
    nu_a_sosit nu_a_fost_livrat nu_mi-a nu_a_venit ratacit
    загуб изгуб изчезн откраднат кражба не_е_пристиг не_пристиг не_съм_получ
    не_получих не_е_доставен
    izgubljen izgubio izgubila nestao! nestala! nestalo! ukraden! nije_stig
    nisam_primi nisam_dobi nije_isporuc nije_dostavljen nije_dosao нестао! нестала!
    изгубљен није_стиг нисам_прими нисам_доби није_испоруч
    χάθηκ χαμέν απώλεια κλάπηκ κλεμμέν κλοπή εξαφαν δεν_έφτασε δεν_έχει_φτάσει
    δεν_παρέλαβ δεν_έχω_παραλάβ δεν_ήρθε δεν_έχει_έρθει δεν_παραδόθ δεν_έλαβα
    затерял исчез украл украли кража краже не_дошл не_пришл не_пришел не_приход
    не_доставл не_получил до_сих_пор_не
    втрачен втрат загублен загубил зник! зникла зникло вкрад викрад крадіжк не_дійшл
    не_прийш не_отрима не_надійш
    kayboldu kaybett yitir ulasmad gelmemis elime_gecmed teslim_alam teslim_edilmem
    ulasamadi calinm hala_gelmedi bulunamad
    ضاع ضائع فقدان فقدت! فقد! مسروق سرق! سرقت سرقه اختفى اختفت لم_يصل لم_تصل لم_استلم
    لم_أتسلم لم_يتم_تسليم لم_يتم_توصيل ما_وصل ما_وصلت ما_استلمت لم_أحصل
    گم_شده گم_شد مفقود دزدیده نرسید تحویل_نشده تحویل_نگرفت تحویل_داده_نشد دریافت_نکرد
    به_دستم_نرسید
    אבד! אבדה! אבדו! אבוד נאבד נעלם נעלמה נגנב גניבה לא_הגיע לא_קיבלתי לא_התקבל
    לא_נמסר טרם_הגיע עדיין_לא
    गुम_ गुम! खो_ग खो_दि चोरी नहीं_मिला नहीं_मिली नहीं_मिले नहीं_पहुंच नहीं_पहुँच
    नहीं_आया नहीं_आयी नहीं_आई डिलीवर_नहीं प्राप्त_नहीं लापता
    สูญหาย พัสดุหาย ของหาย สินค้าหาย ไม่ได้รับ ยังไม่ได้รับ ยังไม่ถึง ไม่มาถึง ยังไม่มา
    ไม่มีการจัดส่ง ถูกขโมย ไม่เคยได้รับ ตกหล่น
    that_lac! bi_mat! mat_hang! that_lac chua_nhan_duoc khong_nhan_duoc chua_den!
    chua_toi! khong_den! khong_toi! chua_duoc_giao khong_duoc_giao chua_giao bi_trom
    danh_cap chua_he_nhan
    hilang! kehilangan dicuri! belum_sampai tidak_sampai belum_terima belum_diterima
    tidak_diterima tidak_terima belum_tiba tidak_pernah tak_sampai belum_menerima
    tidak_menerima lenyap! raib!
    失くな なくなり 消失 亡失 盗難 届かず 届いておりませ 来ていませ 来ていな 来ない
    受領していませ 未配達 不着 未受領
    잃어 사라 사라졌 못받 안_옵 안_와 도착_안 배송_안 훔쳐 미배송 배달되지 받은_적이
    遺失了 丟失 丟件 丟了 弄丢 弄丟 不见踪影 下落不明 被偷 偷走 被盗 被盜 失窃 失竊
    沒到 沒有到 沒送到 未送達 没送达 未到貨 没收着 还没到 還沒到 还没收 還沒收
    一直没到 一直沒到 仍未收 尚未收 从未收 從未收 没拿到 沒拿到 没有送达 未妥投
    """
)

NOT = Terms(
    """
    not! never! no! *n't none! without! cannot! nicht! nie! niemals! kein keine ohne!
    pas! rien! jamais! aucun aucune sans! nunca! jamas! sin! ningun non! senza! nessun
    niet! nooit! geen! zonder! nao! sem! nenhum не! нет! ни! без! nie! bez!
    zadn ikke! aldrig! aldri! inte! didnt! hasnt! havent! wasnt! isnt! arent! doesnt!
    dont! degil! degildi! yok! 没 沒 未 无 無 不是 않 없 아니 ありませ なし! していませ
    していな neither! nor! nothing! hardly! keiner nichts! weder! nirgends kaum! ni!
    aucunement nada! tampoco! ninguna! nessuna! niente! neppure! neanche! nenhuma! nem!
    niets! geenszins ingen! inget! inga! ej! utan! intet! uden! ikkje! uten! ei_ole!
    ei_koskaan! eika! ilman! ani! zadny! zadne! zadna! nemaji! neni! nebyl! nebyla!
    nebylo! nebyly! nie_je! nebol! nebola! nebolo! nelkul! nincs! nu_este! nu_a_fost!
    nu_sunt! nu_e! fara! няма! нито! nije! nisam! nisu! nema!
    није! нисам! нису! нема! δεν! δε! μην! χωρίς! ούτε! καμία! нету! немає!
    لم! لن! لا! ليس ليست غير! بدون! دون! هیچ نیست! نشده!
    نبود! לא! אין! בלי! ללא! מעולם! טרם! नहीं बिना ना_ ไม่ได้ ไม่มี ไม่ ยังไม่ khong! chua!
    khong_bi! khong_he! tidak! tidak_ada! belum! bukan! tanpa! tak! ございませ ない
    ませんで 없이 아닌 못 未曾 並非 并非 絕無 毫无 毫無
    """
)

NEVER = Terms(
    """
    nikdy! nigdy! никогда! ніколи! никога! nikad! nikada! soha! niciodat hic!
    hicbir! asla!
    """
)
"""In these languages it stands beside another denial, and denies nothing by itself."""

ARRIVED = Terms(
    """
    arriv receiv reciev deliver came! got! gotten! showed_up show_up turned_up
    get_my_pa
    get_my_order reached! angekommen ankam! ankommen erhalten geliefert zugestellt
    bekommen! eingetroffen eingegangen gekommen recu! recue! recus! livre! livree!
    livres! parvenu llegad llego! llega! recibi entregad entrego! ricevut consegnat
    giunt aangekomen ontvangen geleverd bezorgd chegou! chegad recebi entregue приш
    получ достав прибы дошл dotar otrzym dostarcz dorecz przysz kommit! anlant
    modtaget
    mottatt mottagit saapunut
    landed! reach! picked_up handed_over turn_up dropped_off eingelangt! ausgeliefert
    zugegangen uberbracht gebracht! receptionne recois! parvient obtenu! recibid
    recibo! recibimos venido! entreg llegaron! arribad pervenut consegn ricev
    chegaram! chegar! receb aankwam! kwam! binnengekomen arriveer framme! levererat
    levererad levererats mottog fatt! fick! erhallit modtog! ankom! ankommet leveret!
    mottok! levert! saapu saanut! tullut! toimitettu! dotarl dostal! odebral dorucen
    obdrzel prisel! prisla! prislo! dorazil prevzal erkez megkap kezbesit megjott
    primit! ajuns! livrat! livrata! sosit! пристиг дойде stigao! stigla! stiglo!
    primio! primila! dobio! dobila! isporucen dostavljen dosao! стигао! стигла!
    стигло! испоручен έφτασ φτάσ παρέλαβ παραλάβ παραδόθ παραδοθ έλαβα ήρθε έρθει дійш
    прийш отрима надійш ulas! ulasti ulasmis geldi! teslim! وصل يصل تصل وصول استلم
    أستلم تسلم تسليم توصيل رسید دریافت تحویل הגיע הגיעה קיבלתי קיבלנו נמסר मिला मिली
    पहुंचा पहुँचा ได้รับ มาถึง ส่งถึง nhan_duoc den_noi giao_den sampai! tiba! terima!
    diterima! menerima! 届い 届き 到着 受け取
    """
)

CAME = Terms(
    """
    kam! kamen! kom! kommt! erhielt! bekam! ontving! kreeg! kwam!
    erreicht! erreichte! bekommt! traf! ankam! arriveerde! ontvingen! mottog! fick!
    modtog! fikk! mottok! otrzymalem! geldi!
    """
)
"""Verbs that stand before their denial: "kam nie an"."""

INTACT = Terms(
    """
    intact in_one_piece undamaged unharmed complete safely in_good unversehrt
    unbeschadigt vollstandig en_bon_etat en_buen intatt integro on_time rechtzeitig
    punktlich a_temps a_tiempo
    unbroken! unscathed! in_good_condition in_perfect without_damage in_order!
    unbeschaedigt vollstaendig heil! einwandfrei in_gutem ordnungsgemass en_parfait
    intacte a_l'heure en_buen_estado intacto! intacta! en_perfect integra! in_buono
    in_perfetto in_orario em_bom em_perfeito onbeschadigd ongeschonden op_tijd!
    in_goede oskadd helt_och i_gott i_tid! uskadt! i_god ehja! ehjana nienaruszon
    nieuszkodzon w_calosci na_czas! v_poradku neposkoz neposkod vcas! epsegben
    serteten idoben intact! la_timp! невредим здрав navrijeme na_vrijeme na_vreme
    neostecen ακέραι άθικτ έγκαιρα целый! цела! целым! вовремя цілий! неушкодж вчасно
    saglam hasarsiz zamaninda سليم بحاله_جيده في_الموعد سالم תקין שלם! בזמן सही_सलामत
    सुरक्षित สภาพดี สมบูรณ์ ตรงเวลา nguyen_ven dung_han utuh! tepat_waktu 無事 無傷
    時間通り 온전 멀쩡 제시간 完好 准时 準時 按时 按時
    """
)
"""Behind "did not arrive" these make it damage or delay."""
