"""Run commands against a test's own application; and a file of people that can be read."""

from pathlib import Path

from click.testing import CliRunner, Result

from sidecar.cli import main
from sidecar.settings import Settings

HEAD = "Ansattnummer;Fornavn;Etternavn;E-post;Avdeling;Stilling"
GOOD = f"{HEAD}\r\n1001;Kåre;Ås;kare@example.no;Helse;Lege\r\n"


class Shell:
    """Run commands against the test's own application."""

    def __init__(self, settings: Settings) -> None:
        self._env = {"SIDECAR_DATA": str(settings.data), "SIDECAR_DATABASE_URL": settings.database_url}

    def run(self, *words: str | Path, answer: str | None = None) -> Result:
        return CliRunner().invoke(main, [str(word) for word in words], env=self._env, input=answer)
