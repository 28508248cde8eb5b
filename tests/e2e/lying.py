"""Be an LMS's page that keeps data for tools, while somebody in it answers first, and wrongly."""

import json

LIES = {
    "another origin answers first": "(said) => frames.stranger.postMessage(said, '*')",
    "another window of the LMS answers first": "(said) => frames.beside.postMessage(said, '*')",
    "an answer about another key": "(said) => tell({ ...said, key: 'sidecar-0000000000000000' })",
    "an answer to another question": "(said) => tell({ ...said, message_id: '1-2-3' })",
    "an answer of another kind": "(said) => tell({ ...said, subject: 'lti.capabilities.response' })",
    "answers that are no objects": "() => [null, 1, 'lti.get_data.response', []].forEach(tell)",
}
"""What comes before the true answer: a function in JavaScript that gets a false one."""

HANDED_BACK = {
    "the secret of another": "'A'.repeat(43)",
    "an answer of 1 MB": "'A'.repeat(1e6)",
    "nothing": "null",
    "an answer that is no text": "{ length: 43 }",
}
"""What the LMS hands back instead of what it kept, in JavaScript."""

ECHO = """<!doctype html><html lang=en><title>Beside</title><script>
addEventListener("message", ({ data }) => parent.frames.tool.postMessage(data, "*"));
</script>"""
"""A frame beside the tool, which says there what it is told."""

_PAGE = """<!doctype html><html lang=en><title>LMS</title><main><iframe name=tool></iframe></main>
<iframe name=beside src="/beside"></iframe><iframe name=stranger src="STRANGER/"></iframe><script>
const kept = new Map(), keeps = KEEPS, lies = LIES, handedBack = HANDED_BACK;
const tell = (said) => frames.tool.postMessage(said, "*");
addEventListener("message", ({ data: { subject, message_id, key, value } }) => {
  if (value) kept.set(key, value);
  const said = { subject: `${subject}.response`, message_id, key };
  for (const lie of lies) lie({ ...said, value: "A".repeat(43) });
  const answer = value || handedBack === undefined ? kept.get(key) : handedBack;
  if (keeps) setTimeout(() => tell({ ...said, value: answer }), 150);
});
addEventListener("load", () => { frames.tool.location = "/mod/lti/launch.php?id=2&window=iframe"; });
</script>"""


class Lie:
    """What an LMS's page says wrongly."""

    def __init__(self, *before: str, handed_back: str = "undefined", keeps: bool = True) -> None:
        """Choose the lies.

        Args:
            before: some of LIES.
            handed_back: one of HANDED_BACK's values; what was kept where left out.
            keeps: False for an LMS that says nothing true at all.
        """
        self._told = {
            "LIES": "[" + ", ".join(LIES[each] for each in before) + "]",
            "KEEPS": json.dumps(keeps),
            "HANDED_BACK": handed_back,
        }

    def page(self, stranger: str) -> str:
        """Return the page; it opens the fire course in its first frame.

        Args:
            stranger: the origin of another site, which serves ECHO.
        """
        page = _PAGE.replace("STRANGER", stranger)
        for name, value in self._told.items():
            page = page.replace(name, value)
        return page
