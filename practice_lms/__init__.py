"""Be a small, strict LTI 1.3 platform: a stranger that demo and tests launch from.

It refuses what Moodle or Open edX would refuse, and answers as Moodle answers.
It shares no code with the tool it tests.
"""
