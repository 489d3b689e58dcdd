/**
 * The codes whose names are the default data set: of all region, language, script and currency codes that
 * English names in CLDR 48, those that at least 19 of the 20 default languages name. The list is committed,
 * not enumerated at run time, so that two runtimes differ in names only, never in what is asked for.
 */
export const NAME_CODES = {
  region: words(`
    AC AD AE AF AG AI AL AM AN AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BU BV
    BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CP CQ CR CS CU CV CW CX CY CZ DD DE DG DJ DK DM DO DY DZ EA EC EE
    EG EH ER ES ET EU EZ FI FJ FK FM FO FR FX GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR
    HT HU HV IC ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT
    LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NH NI NL NO NP NR
    NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA QO RE RH RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM
    SN SO SR SS ST SU SV SX SY SZ TA TC TD TF TG TH TJ TK TL TM TN TO TP TR TT TV TW TZ UA UG UK UM UN US UY UZ VA
    VC VD VE VG VI VN VU WF WS XA XB XK YD YE YT YU ZA ZM ZR ZW ZZ 001 002 003 005 009 011 013 014 015 017 018 019
    021 029 030 034 035 039 053 054 057 061 142 143 145 150 151 154 155 202 419
  `),
  language: words(`
    aa aar ab abk ace ach ada adp ady ae af afh afr agq ain aju ak aka akk alb ale als alt am amh an ang ann anp ar
    ara arb arc arg arm arn arp ars arw as asa asm ast atj av ava ave awa ay aym ayr az aze azj ba bak bal bam ban
    baq bas bax bbj bcc be bej bel bem ben bez bfd bg bgc bgn bh bho bi bih bin bis bkm bla blg blo bm bn bo bod bos
    br bre brx bs bss bua bug bul bum bur bxk bxr byn byv ca cad car cat cay cch ccp ce ceb ces cgg ch cha che chi
    chk chm cho chp chr chu chv chy ckb clc cld cls cmn cnr co cop cor cos cr cre crg crh crj crk crl crm crr crs cs
    csw cu cv cwd cy cym cze da dak dan dar dav de deu dgo dgr dhd dik din diq div dje doi drh drw dsb dua dum dut
    dv dyo dyu dz dzg dzo ebu ee efi egy eka ekk el ell elx emk en eng enm eo epo es esk est et eu eus ewe ewo fa
    fao fas fat ff fi fij fil fin fj fo fon fr fra frc fre frm fro frr frs fry fuc ful fur fy ga gaa gag gay gaz gba
    gd geo ger gez gil gl gla gle glg glv gmh gn goh gom gor got grc gre grn gsw gu gug guj guz gv gwi gya ha hai
    hat hau haw hax hbs hdn he hea heb her hi hil hin hit hmn hr hrv hsb ht hu hun hup hur hy hye hz ia iba ibb ibo
    ice id ido ie ig ii iii ik ike ikt iku ile ilo in ina ind inh io ipk is isl it ita iu iw ja jav jaw jbo jgo ji
    jmc jpn jpr jrb jv jw ka kaa kab kac kaj kal kam kan kas kat kau kaz kbd kbl kcg kde kea kfo kg kgp kha khk khm
    khq ki kik kin kir kj kk kkj kl kln km kmb kmr kn knc kng ko koi kok kom kon kor kpe kpv kr krc krl kru ks ksb
    ksf ksh ku kua kum kur kv kw kwk kxl kxv ky la lad lag lah lam lao lat lav lb lez lg li lij lil lim lin lit lkt
    lmo ln lo lol lou loz lrc lsm lt ltz lu lua lub lug lun lus luy lv lvs mac mad maf mag mah mai mak mal man mao
    mar mas may mde mdf mdr men mer mfe mg mga mgh mgo mh mhr mi mic min mk mkd ml mlg mlt mn mnc mni mo moe moh mol
    mon mos mr mri ms msa mt mua mul mup mus mwl mwr my mya myv mzn na nap naq nau nav nb nbl nd nde ndo nds ne nep
    new ng nia niu nl nld nmg nn nnh nno no nob nog non nor npi nqo nr nso nus nv nwc ny nya nym nyn nyo nzi oc oci
    oj ojb ojc ojg oji ojs ojw oka om or ori orm ory os osa oss ota pa pag pal pam pan pap pau pbu pcm peo per pes
    phn pi pis pl pli plt pmk pnb pol pon por pqm prg pro prp prs ps pt pus qu quc que quz raj rap rar rhg rm rmy rn
    ro rof roh rom ron ru rum run rup rus rw rwk sa sad sag sah sam san saq sas sat sba sbp sc scc scn sco scr sd
    sdh se see seh sel ses sg sga sh shi shn shu si sid sin sk sl slh slk slo slv sm sma smd sme smj smn smo sms sn
    sna snb snd snk so sog som sot spa spy sq sqi sr src srd srn srp srr ss ssw ssy st str su suk sun sus sux sv sw
    swa swb swc swe swh syc syr szl ta tah tam tat tce te tel tem teo ter tet tg tgk tgl tgx th tha tht ti tib tig
    tir tiv tk tkl tl tlh tli tmh tn tnf to tok ton tpi tr trv ts tsn tso tt ttm ttq tuk tum tur tvl tw twi twq ty
    tyv tzm udm ug uga uig uk ukr umb ur urd uz uzb uzn ve vec ven vi vie vmw vo vol vot vun wa wae wal war was wbp
    wel wln wo wol wuu xal xh xho xnr xog xpe yao yav ybb ydd yi yid yo yor yrl yue za zai zap zbl zgh zh zha zho
    zsm zu zul zun zxx zyb zza
  `),
  script: words(`
    Adlm Aran Armn Beng Bopo Brai Cakm Cans Cher Cyrl Deva Ethi Geor Grek Gujr Guru Hanb Hang Hani Hans Hant Hebr
    Hira Hrkt Jpan Kana Khmr Knda Kore Laoo Latn Mlym Mong Mtei Mymr Nkoo Olck Orya Rohg Sinh Sund Syrc Taml Telu
    Tfng Thaa Tibt Vaii Yiii Zmth Zsye Zsym Zxxx Zyyy Zzzz
  `),
  currency: words(`
    AED AFN ALL AMD ANG AOA ARP ARS ATS AUD AWG AZM AZN BAM BBD BDT BEC BEF BEL BGN BHD BIF BMD BND BOB BOP BRE BRL
    BRR BSD BTN BUK BWP BYN BYR BZD CAD CDF CHF CLP CNH CNY COP CRC CUC CUP CVE CYP CZK DDM DEM DJF DKK DOP DZD ECS
    EEK EGP ERN ETB EUR FIM FJD FKP FRF GBP GEL GHC GHS GIP GMD GNF GNS GTQ GWP GYD HKD HNL HRK HTG HUF IDR IEP ILP
    ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LTL LUF LVL LVR LYD MAD
    MAF MDL MGA MGF MKD MLF MMK MNT MOP MRO MRU MUR MVR MWK MXN MXP MYR MZE MZM MZN NAD NGN NIC NIO NLG NOK NPR NZD
    OMR PAB PEI PEN PES PGK PHP PKR PLN PYG QAR RHD RON RSD RUB RWF SAR SBD SCR SDD SDG SDP SEK SGD SHP SLE SLL SOS
    SRD SRG SSP STD STN SVC SYP SZL THB TJR TJS TMM TMT TND TOP TRL TRY TTD TWD TZS UAH UGS UGX USD UYP UYU UZS VEB
    VEF VES VND VUV WST XAF XAG XAU XCD XCG XOF XPD XPF XPT XXX YDD YER ZAR ZMK ZMW ZWD ZWG ZWL
  `),
} as const;

export type NameKind = keyof typeof NAME_CODES;

function words(text: string): readonly string[] {
  return text.trim().split(/\s+/);
}
