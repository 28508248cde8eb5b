"""Write manifests as the authoring tools do, oddities included."""

NS_12 = 'xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2" xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2"'
NS_2004 = (
    'xmlns="http://www.imsglobal.org/xsd/imscp_v1p1" xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_v1p3" '
    'xmlns:adlseq="http://www.adlnet.org/xsd/adlseq_v1p3" xmlns:adlnav="http://www.adlnet.org/xsd/adlnav_v1p3" '
    'xmlns:imsss="http://www.imsglobal.org/xsd/imsss"'
)
ONE_ITEM = '<item identifier="item_1" identifierref="res_1"><title>Kapittel 1</title></item>'
ONE_FILE = '<file href="index.html"/>'


def manifest_12(
    *,
    items: str = ONE_ITEM,
    files: str = ONE_FILE,
    href: str = "index.html",
    resources: str | None = None,
    namespaces: str = NS_12,
    attributes: str = "",
    metadata: str = "<metadata><schema>ADL SCORM</schema><schemaversion>1.2</schemaversion></metadata>",
    default: str = "org_1",
    title: str = "<title>Brannvern på jobb</title>",
    scormtype: str = 'adlcp:scormtype="sco"',
    head: str = '<?xml version="1.0" encoding="UTF-8"?>\n',
) -> str:
    """Return a SCORM 1.2 manifest with the named parts replaced."""
    resource = f'<resource identifier="res_1" type="webcontent" {scormtype} href="{href}">{files}</resource>'
    return f"""{head}<manifest identifier="course-1" version="1.0" {namespaces} {attributes}>
{metadata}
<organizations default="{default}"><organization identifier="org_1">{title}{items}</organization></organizations>
<resources>{resource if resources is None else resources}</resources>
</manifest>"""


def manifest_2004(
    *,
    edition: str = "2004 4th Edition",
    items: str = ONE_ITEM,
    resources: str = '<resource identifier="res_1" type="webcontent" adlcp:scormType="sco" href="index.html"/>',
    organization: str = "",
    shared: str = "",
    title: str = "Informasjonssikkerhet",
) -> str:
    """Return a SCORM 2004 manifest with the named parts replaced."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<manifest identifier="course-2" version="1" {NS_2004}>
<metadata><schema>ADL SCORM</schema><schemaversion>{edition}</schemaversion></metadata>
<organizations default="org_1"><organization identifier="org_1">
<title>{title}</title>{items}{organization}</organization></organizations>
<resources>{resources}</resources>{shared}
</manifest>"""


STORYLINE_12 = f"""<?xml version="1.0" encoding="utf-8"?>
<manifest identifier="6KzP9_course_id" version="1.3" {NS_12} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:schemaLocation="http://www.imsproject.org/xsd/imscp_rootv1p1p2 imscp_rootv1p1p2.xsd">
<metadata><schema>ADL SCORM</schema><schemaversion>1.2</schemaversion>
<lom xmlns="http://www.imsglobal.org/xsd/imsmd_rootv1p2p1"><general><title>
<langstring xml:lang="x-none">Storyline</langstring></title></general></lom>
</metadata>
<organizations default="B0"><organization identifier="B0"><title>HMS for ledere
</title><item identifier="i1" identifierref="r1" isvisible="true"><title>HMS for ledere
</title><adlcp:masteryscore>80</adlcp:masteryscore></item></organization></organizations>
<resources><resource identifier="r1" type="webcontent" href="index_lms.html" adlcp:scormtype="sco">
<file href="index_lms.html"/><file href="story_content/user.js"/></resource></resources></manifest>"""

RISE_2004 = f"""<?xml version="1.0" encoding="UTF-8" standalone="no" ?>
<manifest identifier="1qWe-Rise_Course" version="1" {NS_2004}>
<metadata><schema>ADL SCORM</schema><schemaversion>2004 3rd Edition</schemaversion></metadata>
<organizations default="Rise"><organization identifier="Rise"><title>Personvern</title>
<item identifier="i1" identifierref="r1"><title>Personvern</title>
<imsss:sequencing><imsss:objectives><imsss:primaryObjective objectiveID="p" satisfiedByMeasure="true">
<imsss:minNormalizedMeasure>0.8</imsss:minNormalizedMeasure></imsss:primaryObjective></imsss:objectives>
<imsss:deliveryControls completionSetByContent="true" objectiveSetByContent="true"/></imsss:sequencing>
<adlnav:presentation><adlnav:navigationInterface><adlnav:hideLMSUI>continue</adlnav:hideLMSUI>
<adlnav:hideLMSUI>previous</adlnav:hideLMSUI></adlnav:navigationInterface></adlnav:presentation></item>
<imsss:sequencing><imsss:controlMode choice="true" flow="true"/></imsss:sequencing>
</organization></organizations>
<resources><resource identifier="r1" type="webcontent" adlcp:scormType="sco" href="scormdriver/indexAPI.html">
<file href="scormdriver/indexAPI.html"/></resource></resources></manifest>"""

CAPTIVATE_12 = f"""<?xml version="1.0" encoding="utf-8" ?>
<manifest identifier="Captivate (1)[1]" {NS_12}>
<metadata><schema>ADL SCORM</schema><schemaversion>1.2</schemaversion></metadata>
<organizations default="Captivate"><organization identifier="Captivate"><title>Førstehjelp</title>
<item identifier="SCO_1" isvisible="true" identifierref="SCO ID1"><title>Førstehjelp</title>
<adlcp:maxtimeallowed></adlcp:maxtimeallowed><adlcp:timelimitaction></adlcp:timelimitaction>
<adlcp:datafromlms>eyJhIjogMX0=</adlcp:datafromlms></item></organization></organizations>
<resources><resource identifier="SCO ID1" type="webcontent" href="index.html?api=1" adlcp:scormtype="sco">
<file href="index.html"/></resource></resources></manifest>"""

ISPRING_2004 = f"""\ufeff<?xml version="1.0" encoding="utf-8"?>
<manifest identifier="ispring’s kurs" {NS_2004}>
<metadata><schema>ADL SCORM</schema><schemaversion>CAM 1.3</schemaversion></metadata>
<organizations default="missing"><organization identifier="org"><title>Arkiv</title>
<item identifier="1_item" identifierref="r1"><title/></item></organization></organizations>
<resources xml:base="res/"><resource identifier="r1" type="webcontent" adlcp:scormType="SCO" href="index.html"/>
</resources></manifest>"""

ADAPT_12 = f"""<?xml version="1.0" encoding="UTF-8"?>
<manifest identifier="adapt manifest" {NS_12}>
<metadata><schema>ADL SCORM</schema><schemaversion>1.2</schemaversion><adlcp:location>ims_xml.xml</adlcp:location>
</metadata>
<organizations default="adapt_scorm"><organization identifier="adapt_scorm"><title>Varsling</title>
<item identifier="item_1" isvisible="true" identifierref="res1" parameters="?lang=nn"><title>Varsling</title></item>
</organization></organizations>
<resources><resource identifier="res1" type="webcontent" adlcp:scormtype="sco" href="index.html">
<file href="adapt/js/adapt.min.js"/><file href="borte.js"/></resource></resources></manifest>"""

H5P_12 = """<?xml version="1.0" encoding="UTF-8"?>
<manifest identifier="H5P-123 abc" version="1" xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2"
 xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2">
<metadata><schema>ADL SCORM</schema><schemaversion>1.2</schemaversion></metadata>
<organizations default="org"><organization identifier="org"><title>Lumi</title>
<item identifier="item" identifierref="res"><title>Lumi</title></item></organization></organizations>
<resources><resource identifier="res" type="webcontent" href="index.html" adlcp:scormtype="sco">
<file href="h5p/mitt%20bilde.png"/>
</resource></resources></manifest>"""

EXELEARNING_12 = f"""<?xml version="1.0" encoding="utf-8"?>
<manifest identifier="eXe.1" {NS_12}>
<metadata><schema>ADL SCORM</schema><schemaversion>1.2</schemaversion><adlcp:location>imslrm.xml</adlcp:location>
</metadata>
<organizations default="eXe.2"><organization identifier="eXe.2" structure="hierarchical"><title>Tre sider</title>
<item identifier="A" isvisible="true" identifierref="R1"><title>Forside</title>
<item identifier="B" isvisible="true" identifierref="R2"><title>Del 1</title>
<adlcp:prerequisites type="aicc_script">A</adlcp:prerequisites>
</item><item identifier="C" isvisible="false" identifierref="R3"><title>Del 2</title></item></item></organization>
</organizations>
<resources><resource identifier="R1" type="webcontent" adlcp:scormtype="sco" href="index.html">
<file href="index.html"/><dependency identifierref="COMMON"/></resource>
<resource identifier="R2" type="webcontent" adlcp:scormtype="sco" href="del_1.html"><file href="del_1.html"/>
</resource>
<resource identifier="R3" type="webcontent" adlcp:scormtype="asset" href="del_2.html"><file href="del_2.html"/>
</resource>
<resource identifier="COMMON" type="webcontent" adlcp:scormtype="asset"><file href="base.css"/></resource>
</resources></manifest>"""

MULTI_2004_4TH = manifest_2004(
    items="""<item identifier="M1"><title>Modul 1</title>
<item identifier="L1" identifierref="res_1" parameters="#side=1"><title>Leksjon 1</title>
<adlcp:timeLimitAction>exit,no message</adlcp:timeLimitAction><adlcp:dataFromLMS>{"a": 1}</adlcp:dataFromLMS>
<adlcp:completionThreshold completedByMeasure="true" minProgressMeasure="0.75"/>
<imsss:sequencing IDRef="shared"><imsss:controlMode flow="true"/></imsss:sequencing></item>
<item identifier="L2" identifierref="res_2"><title>Leksjon 2</title></item>
<imsss:sequencing><imsss:controlMode choice="false" flow="true" forwardOnly="true" choiceExit="false"/>
</imsss:sequencing></item>""",
    resources="""<resource identifier="res_1" type="webcontent" adlcp:scormType="sco" href="en/index.html"/>
<resource identifier="res_2" type="webcontent" adlcp:scormType="asset" href="to/index.html"/>""",
    shared="""<imsss:sequencingCollection><imsss:sequencing ID="shared">
<imsss:limitConditions attemptAbsoluteDurationLimit="PT30M"/>
<imsss:objectives><imsss:primaryObjective satisfiedByMeasure="true"/></imsss:objectives></imsss:sequencing>
</imsss:sequencingCollection>""",
)

CMI5 = """<?xml version="1.0" encoding="utf-8"?>
<courseStructure xmlns="https://w3id.org/xapi/profiles/cmi5/v1/CourseStructure.xsd">
<course id="https://example.no/kurs"><title><langstring lang="nb">Sikker e-post</langstring></title>
<description><langstring lang="nb">Kort kurs</langstring></description></course>
<au id="https://example.no/au"><title><langstring lang="nb">Del</langstring></title>
<description><langstring lang="nb">Del</langstring></description><url>index.html</url></au></courseStructure>"""
