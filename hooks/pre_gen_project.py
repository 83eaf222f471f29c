"""Refuse answers that would make a broken project: one sentence each, before anything is written.

Cookiecutter renders this file with the answers, then runs it in the new, still empty folder.
A bad slug never names that folder: `__hold_back_a_bad_slug` in cookiecutter.json has already replaced it by a
harmless name, because the folder is made before this hook runs, and `../x` would be made outside.
"""

import json
import re
import sys
import unicodedata

# `tojson` escapes quotes, newlines and backslashes, so that no answer can end this string early.
ANSWERS = r"""{{ {
    "project_name": cookiecutter.project_name,
    "project_slug": cookiecutter.__asked_slug,
    "description": cookiecutter.description,
    "author": cookiecutter.author,
    "lanes": cookiecutter.lanes,
    "seed": cookiecutter.seed,
} | tojson }}"""
LANES = r"""{{ cookiecutter._lanes | tojson }}"""
PLAIN_SLUG = "{{ cookiecutter.__plain_slug }}"


def complaints(answers, plain_slug, python_version, lanes):
    """Every reason not to bake, most basic first: what was found, what is expected, the next step."""
    if python_version < (3, 11):
        found = ".".join(str(part) for part in python_version[:2])
        yield f"Found Python {found}, but the project needs 3.11 or newer: install it, then run cookiecutter with it."
    for question, answer in answers.items():
        if any(unicodedata.category(character) == "Cc" for character in answer):
            yield f"The {question} {answer!r} holds a line break or control character: answer again in one plain line."
    for question in ("project_name", "author"):
        if not answers[question].strip():
            yield f"The {question} is empty, but titles and the licence show it: answer with at least one character."
    if answers["project_slug"] != plain_slug:
        yield (
            f"The project_slug {answers['project_slug'][:80]!r} cannot name a folder on Linux, macOS and Windows: "
            f"use at most 60 letters, digits, single hyphens and underscores, such as {plain_slug}."
        )
    asked = answers["lanes"].replace(",", " ").split()
    if answers["lanes"] not in ("all", "none") and (not asked or set(asked) - set(lanes)):
        yield (
            f"The lanes {answers['lanes'][:80]!r} are not known: answer all, none, or some of {', '.join(lanes)}, with "
            "commas between them."
        )
    if not re.fullmatch("[0-9]{1,9}", answers["seed"]):
        found = answers["seed"][:80]
        yield f"The seed {found!r} is not a whole number from 0 to 999999999: answer with one, such as 2013."


def main():
    complaint = next(complaints(json.loads(ANSWERS), PLAIN_SLUG, sys.version_info, json.loads(LANES)), None)
    if complaint:
        sys.exit(f"\n{complaint}\n")


if __name__ == "__main__":
    main()
