"""Say the words of a course's own pages in its languages: a package brings them along, so gettext can't."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "transcript": {"nb": "Tekstversjon", "nn": "Tekstversjon", "en": "Transcript"},
    "new-window": {"nb": "åpnes i nytt vindu", "nn": "blir opna i nytt vindauge", "en": "opens in a new window"},
    "note": {"nb": "Merk", "nn": "Merk", "en": "Note"},
    "tip": {"nb": "Tips", "nn": "Tips", "en": "Tip"},
    "warning": {"nb": "Advarsel", "nn": "Åtvaring", "en": "Warning"},
    "important": {"nb": "Viktig", "nn": "Viktig", "en": "Important"},
    "example": {"nb": "Eksempel", "nn": "Døme", "en": "Example"},
    "quiz": {"nb": "Test deg selv", "nn": "Test deg sjølv", "en": "Test yourself"},
    "skip": {"nb": "Hopp til innholdet", "nn": "Hopp til innhaldet", "en": "Skip to the content"},
    "language": {"nb": "Språk", "nn": "Språk", "en": "Language"},
    "leave": {"nb": "Avslutt", "nn": "Avslutt", "en": "Exit"},
    "progress": {"nb": "Sider du har sett", "nn": "Sider du har sett", "en": "Pages you have seen"},
    "menu": {"nb": "Sider i kurset", "nn": "Sider i kurset", "en": "Pages of the course"},
    "seen": {"nb": "(sett)", "nn": "(sett)", "en": "(seen)"},
    "steps": {"nb": "Forrige og neste side", "nn": "Førre og neste side", "en": "Previous and next page"},
    "previous": {"nb": "Forrige", "nn": "Førre", "en": "Previous"},
    "next": {"nb": "Neste", "nn": "Neste", "en": "Next"},
    "page-of": {"nb": "Side {page} av {pages}", "nn": "Side {page} av {pages}", "en": "Page {page} of {pages}"},
    "reflection-hint": {
        "nb": "Bare du ser det du skriver her.",
        "nn": "Berre du ser det du skriv her.",
        "en": "Only you see what you write here.",
    },
    "hand-in": {"nb": "Lever svarene", "nn": "Lever svara", "en": "Hand in your answers"},
    "read-again": {"nb": "Se på disse igjen:", "nn": "Sjå på desse igjen:", "en": "Look at these again:"},
    "try-again": {"nb": "Prøv igjen", "nn": "Prøv igjen", "en": "Try again"},
    "practice": {"nb": "Øvelse", "nn": "Øving", "en": "Practice"},
    "question": {"nb": "Spørsmål {number}", "nn": "Spørsmål {number}", "en": "Question {number}"},
    "your-answer": {"nb": "Svaret ditt", "nn": "Svaret ditt", "en": "Your answer"},
    "choose": {"nb": "Velg …", "nn": "Vel …", "en": "Choose …"},
    "up": {"nb": "Flytt opp", "nn": "Flytt opp", "en": "Move up"},
    "down": {"nb": "Flytt ned", "nn": "Flytt ned", "en": "Move down"},
    "check": {"nb": "Sjekk svaret", "nn": "Sjekk svaret", "en": "Check the answer"},
    "solution": {"nb": "Riktig svar:", "nn": "Rett svar:", "en": "The right answer:"},
    "fill-in": {"nb": "Fyll inn det som mangler.", "nn": "Fyll inn det som manglar.", "en": "Fill in what is missing."},
    "answer-this": {"nb": "Svar på spørsmålet.", "nn": "Svar på spørsmålet.", "en": "Answer the question."},
    "blank": {"nb": "Felt {number} av {of}", "nn": "Felt {number} av {of}", "en": "Blank {number} of {of}"},
    "choose-several": {
        "nb": "Velg ett eller flere svar.",
        "nn": "Vel eitt eller fleire svar.",
        "en": "Choose one or more answers.",
    },
    "put-in-order": {
        "nb": "Sett i riktig rekkefølge med knappene.",
        "nn": "Set i rett rekkjefølgje med knappane.",
        "en": "Put in the right order with the buttons.",
    },
    "match": {
        "nb": "Velg det som hører sammen.",
        "nn": "Vel det som høyrer saman.",
        "en": "Choose what belongs together.",
    },
    "true": {"nb": "Riktig", "nn": "Rett", "en": "True"},
    "false": {"nb": "Galt", "nn": "Gale", "en": "False"},
    "right": {"nb": "Det er riktig.", "nn": "Det er rett.", "en": "That is right."},
    "wrong": {"nb": "Det er ikke riktig.", "nn": "Det er ikkje rett.", "en": "That is not right."},
    "right-option": {"nb": "riktig svar", "nn": "rett svar", "en": "right answer"},
    "unanswered": {
        "nb": "Svar på dette spørsmålet først.",
        "nn": "Svar på dette spørsmålet først.",
        "en": "Answer this question first.",
    },
    "not-a-number": {"nb": "Skriv et tall.", "nn": "Skriv eit tal.", "en": "Write a number."},
    "moved": {
        "nb": "«{text}» står nå på plass {place} av {of}.",
        "nn": "«{text}» står no på plass {place} av {of}.",
        "en": "“{text}” is now number {place} of {of}.",
    },
    "exam-one": {
        "nb": "Testen har ett spørsmål.",
        "nn": "Testen har eitt spørsmål.",
        "en": "The test has one question.",
    },
    "exam-many": {
        "nb": "Testen har {count} spørsmål.",
        "nn": "Testen har {count} spørsmål.",
        "en": "The test has {count} questions.",
    },
    "exam-mark": {
        "nb": "Du må ha {percent} % riktig for å bestå.",
        "nn": "Du må ha {percent} % rett for å bestå.",
        "en": "You need {percent} % to pass.",
    },
    "exam-once": {"nb": "Du har ett forsøk.", "nn": "Du har eitt forsøk.", "en": "You have one try."},
    "exam-tries": {"nb": "Du har {count} forsøk.", "nn": "Du har {count} forsøk.", "en": "You have {count} tries."},
    "exam-lack": {
        "nb": "Spørsmål uten svar: {count}.",
        "nn": "Spørsmål utan svar: {count}.",
        "en": "Questions without an answer: {count}.",
    },
    "exam-points": {
        "nb": "{points} av {most} riktige ({percent} %).",
        "nn": "{points} av {most} rette ({percent} %).",
        "en": "{points} of {most} right ({percent} %).",
    },
    "exam-passed": {"nb": "Du har bestått testen.", "nn": "Du har bestått testen.", "en": "You have passed the test."},
    "exam-failed": {
        "nb": "Du trenger {percent} % for å bestå.",
        "nn": "Du treng {percent} % for å bestå.",
        "en": "You need {percent} % to pass.",
    },
    "exam-best": {
        "nb": "Det beste forsøket teller: {percent} %.",
        "nn": "Det beste forsøket tel: {percent} %.",
        "en": "Your best try counts: {percent} %.",
    },
    "exam-left": {"nb": "Forsøk igjen: {count}.", "nn": "Forsøk att: {count}.", "en": "Tries left: {count}."},
    "no-lms": {
        "nb": "Ingen læringsplattform svarer. Du kan ta kurset, men ingenting blir lagret.",
        "nn": "Inga læringsplattform svarer. Du kan ta kurset, men ingenting blir lagra.",
        "en": "No learning platform answers. You can take the course, but nothing is kept.",
    },
    "review": {
        "nb": "Du ser tilbake på et kurs du har tatt. Ingenting blir lagret.",
        "nn": "Du ser tilbake på eit kurs du har teke. Ingenting blir lagra.",
        "en": "You are looking back at a course you took. Nothing is kept.",
    },
    "done": {
        "nb": "Du har fullført kurset. Du kan lukke det.",
        "nn": "Du har fullført kurset. Du kan lukke det.",
        "en": "You have completed the course. You can close it.",
    },
    "done-passed": {
        "nb": "Du har bestått kurset. Du kan lukke det.",
        "nn": "Du har bestått kurset. Du kan lukke det.",
        "en": "You have passed the course. You can close it.",
    },
    "done-failed": {
        "nb": "Du har ikke bestått kurset ennå.",
        "nn": "Du har ikkje bestått kurset enno.",
        "en": "You have not passed the course yet.",
    },
    "left-page": {"nb": "En side gjenstår.", "nn": "Ei side står att.", "en": "One page is left."},
    "left-pages": {"nb": "{count} sider gjenstår.", "nn": "{count} sider står att.", "en": "{count} pages are left."},
    "left-exam": {"nb": "Testen gjenstår.", "nn": "Testen står att.", "en": "The test is left."},
    "accessibility-summary": {
        "nb": "Kurset kan brukes med tastatur og skjermleser, ved 200 % forstørring og på utskrift. "
        "Bilder har tekst i stedet, film har teksting, og lyd og film har tekstversjon.",
        "nn": "Kurset kan brukast med tastatur og skjermlesar, ved 200 % forstørring og på utskrift. "
        "Bilete har tekst i staden, film har teksting, og lyd og film har tekstversjon.",
        "en": "The course works with a keyboard and a screen reader, at 200 % zoom and in print. "
        "Pictures have text alternatives, videos have captions, and sound and videos have transcripts.",
    },
}


def word(language: str, name: str) -> str:
    """Return a word in a language (BCP 47; its region does not matter); in English where we don't have it."""
    texts = WORDS[name]
    return texts.get(language.partition("-")[0], texts["en"])
