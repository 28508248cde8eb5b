"""Describe users, courses and reports with the fields that Moodle 4.5.6 gives each of them."""

from typing import Any

from practice_lms.people import Person
from practice_lms.state import Lms
from practice_lms.web_services.accounts import ADMIN_ID, Account
from practice_lms.web_services.reporting import ACTIVE, Report
from practice_lms.web_services.training import Course, Training

MADE_AT = 1_783_000_000
RELEASE, VERSION = "4.5.6 (Build: 20250811)", "2024100706"

_FEATURES = ("enablecompletion", "enablebadges", "enablecustomreports", "enablecompetencies")


def site(lms: Lms, account: Account, functions: list[str]) -> dict[str, Any]:
    """Describe the site to the token's user."""
    return {
        "sitename": "Øvings-LMS",
        "username": f"user{account.user_id}",
        "firstname": "Web",
        "lastname": "Service",
        "fullname": "Web Service",
        "lang": account.language,
        "userid": account.user_id,
        "siteurl": lms.config.issuer,
        "userpictureurl": _picture(lms, 1),
        "functions": [{"name": name, "version": VERSION} for name in functions],
        "downloadfiles": 0,
        "uploadfiles": 0,
        "release": RELEASE,
        "version": VERSION,
        "mobilecssurl": "",
        "advancedfeatures": [{"name": name, "value": 1} for name in _FEATURES],
        "usercanmanageownfiles": False,
        "userquota": 0,
        "usermaxuploadfilesize": -1,
        "userhomepage": 1,
        "userprivateaccesskey": "",
        "siteid": 1,
        "sitecalendartype": "gregorian",
        "usercalendartype": "gregorian",
        "userissiteadmin": account.is_admin,
        "theme": "boost",
        "limitconcurrentlogins": 0,
        "policyagreed": 0,
    }


def own(lms: Lms, account: Account) -> dict[str, Any]:
    """Describe the token's user to itself."""
    person = Person(
        str(account.user_id), f"user{account.user_id}", "Web", "Service", "ws@lms.example.invalid", "teacher"
    )
    return user(lms, person) | {"lang": account.language, "timezone": account.zone}


def user(lms: Lms, person: Person) -> dict[str, Any]:
    """Describe a user; empty fields are left out, as Moodle does."""
    place = person.municipality.name if person.municipality else ""
    may_be_empty = {"institution": place, "idnumber": person.idnumber, "city": place}
    return {
        "id": int(person.user_id),
        "username": person.username,
        "firstname": person.first_name,
        "lastname": person.last_name,
        "fullname": person.name,
        "email": person.email,
        "department": person.unit,
        **{name: value for name, value in may_be_empty.items() if value},
        "firstaccess": 0,
        "lastaccess": 0,
        "auth": "manual",
        "suspended": person.user_id in lms.suspended,
        "confirmed": True,
        "lang": "en",
        "theme": "",
        "timezone": "Europe/Oslo",
        "mailformat": 1,
        "trackforums": 0,
        "country": "NO",
        "profileimageurlsmall": _picture(lms, 2),
        "profileimageurl": _picture(lms, 1),
    }


def _picture(lms: Lms, size: int) -> str:
    return f"{lms.config.issuer}/theme/image.php/boost/core/1/u/f{size}"


def course(one: Course) -> dict[str, Any]:
    """Describe a course as `core_course_get_courses` does."""
    return {
        "id": one.id,
        "shortname": one.short_name,
        "categoryid": one.category,
        "categorysortorder": 20_000 + one.id,
        "fullname": one.full_name,
        "displayname": one.full_name,
        "idnumber": one.id_number,
        "summary": "",
        "summaryformat": 1,
        "format": "topics",
        "showgrades": 1,
        "newsitems": 1,
        "startdate": MADE_AT,
        "enddate": 0,
        "numsections": 1,
        "maxbytes": 0,
        "showreports": 0,
        "visible": int(one.is_visible),
        "hiddensections": 1,
        "groupmode": 0,
        "groupmodeforce": 0,
        "defaultgroupingid": 0,
        "timecreated": MADE_AT,
        "timemodified": MADE_AT,
        "enablecompletion": int(one.has_completion),
        "completionnotify": 0,
        "lang": "",
        "forcetheme": "",
        "courseformatoptions": [{"name": "hiddensections", "value": 1}, {"name": "coursedisplay", "value": 0}],
        "showactivitydates": False,
        "showcompletionconditions": True,
    }


def front_page() -> dict[str, Any]:
    """Describe the front page, which Moodle lists as a course."""
    name = "Øvings-LMS"
    return course(Course(1, "ovings-lms", name, has_completion=False, category=0)) | {"format": "site"}


def found_course(one: Course) -> dict[str, Any]:
    """Describe a course as `core_course_get_courses_by_field` does."""
    kept = course(one)
    gone = ("categorysortorder", "numsections", "hiddensections", "forcetheme")
    return {name: value for name, value in kept.items() if name not in gone} | {
        "courseimage": "",
        "categoryname": "Øvingskategori",
        "sortorder": 20_000 + one.id,
        "summaryfiles": [],
        "overviewfiles": [],
        "contacts": [],
        "enrollmentmethods": ["manual"],
        "theme": "",
        "marker": 0,
        "legacyfiles": 0,
        "calendartype": "",
        "requested": 0,
        "cacherev": 1,
        "filters": [{"filter": "displayh5p", "localstate": 0, "inheritedstate": 1}],
    }


def course_of_user(training: Training, one: Course, user_id: str) -> dict[str, Any]:
    """Describe a course as `core_enrol_get_users_courses` does: without a time of completion."""
    modules = training.modules_of(one)
    done = [each for each in modules if training.done_of(user_id, each)]
    progress = (100 * len(done) / len(modules) if modules else 0) if one.has_completion else None
    return {
        "id": one.id,
        "shortname": one.short_name,
        "fullname": one.full_name,
        "displayname": one.full_name,
        "enrolledusercount": len(training.enrolments[one.id]),
        "idnumber": one.id_number,
        "visible": int(one.is_visible),
        "summary": "",
        "summaryformat": 1,
        "format": "topics",
        "courseimage": "",
        "showgrades": True,
        "lang": "",
        "enablecompletion": one.has_completion,
        "completionhascriteria": one.can_complete,
        "completionusertracked": one.has_completion,
        "category": one.category,
        "progress": progress,
        "completed": training.completed_at(user_id, one) is not None if one.can_complete else None,
        "startdate": MADE_AT,
        "enddate": 0,
        "marker": 0,
        "lastaccess": None,
        "isfavourite": False,
        "hidden": False,
        "overviewfiles": [],
        "showactivitydates": False,
        "showcompletionconditions": True,
        "timemodified": MADE_AT,
    }


def report(lms: Lms, one: Report) -> dict[str, Any]:
    """Describe a custom report; its filters and its sorting are not told."""
    admin = f"{lms.config.issuer}/user/profile.php?id={ADMIN_ID}"
    return {
        "name": one.name,
        "source": one.source,
        "type": 0,
        "uniquerows": False,
        "conditiondata": ACTIVE if one.has_condition else None,
        "settingsdata": None,
        "contextid": 1,
        "component": "",
        "area": "",
        "itemid": 0,
        "usercreated": ADMIN_ID,
        "id": one.id,
        "timecreated": MADE_AT,
        "timemodified": MADE_AT,
        "usermodified": ADMIN_ID,
        "sourcename": "Course participants",
        "tags": [],
        "modifiedby": {
            "id": ADMIN_ID,
            "email": "admin@lms.example.invalid",
            "idnumber": "",
            "phone1": "",
            "phone2": "",
            "department": "",
            "institution": "",
            "fullname": "Admiral Adminsen",
            "identity": "admin@lms.example.invalid",
            "profileurl": admin,
            "profileimageurl": _picture(lms, 1),
            "profileimageurlsmall": _picture(lms, 2),
        },
    }
