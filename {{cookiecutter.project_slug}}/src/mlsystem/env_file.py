"""The names and lines of settings: read from `.env`, whatever else is in it, and told when they are mistyped."""

import difflib
import io
from collections.abc import Collection, Iterable
from pathlib import Path

from dotenv import dotenv_values
from pydantic import ValidationError

from mlsystem.errors import UserError

NAME = "MLSYSTEM_"


class WrongSetting(UserError):
    """A setting that cannot be used. Says its name and what was expected, never its value: it may be a secret."""


def read_env_file(path: Path, known: Collection[str]) -> dict[str, str]:
    """The settings that a `.env` says, by their names in `known`; none if it is not there. Raises WrongSetting."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError as other:
        raise WrongSetting(f"{path} is not in UTF-8 (byte {other.start}); save it as UTF-8") from None
    except OSError as refused:
        raise WrongSetting(f"{path} cannot be read ({refused.strerror}); make it a file that you can read") from None
    said = {name: value for name, value in dotenv_values(stream=io.StringIO(text)).items() if _is_ours(name)}
    check_names(said, known, str(path))
    return {name.upper().removeprefix(NAME).lower(): value for name, value in said.items() if value}


def check_names(names: Iterable[str], known: Collection[str], place: str) -> None:
    """Raises WrongSetting for a name that begins as ours do, and is none."""
    all_names = [f"{NAME}{name.upper()}" for name in known]
    for name in filter(_is_ours, names):
        if name.upper() not in all_names:
            near = difflib.get_close_matches(name.upper(), all_names, n=1)
            meant = f"did you mean {near[0]}?" if near else ".env.example lists them all"
            raise WrongSetting(f"{place} has {name}, and there is no such setting; {meant}")


def in_words(wrong: ValidationError) -> str:
    """Each setting that is wrong, and what was expected."""
    faults = []
    for fault in wrong.errors(include_input=False, include_url=False, include_context=False):
        name = f"{NAME}{str(fault['loc'][0]).upper()}: " if fault["loc"] else ""
        faults.append(f"{name}{fault['msg'].removeprefix('Value error, ')}")
    return f"a setting is wrong ({'; '.join(faults)}); .env.example lists them all with their defaults"


def _is_ours(name: str) -> bool:
    return name.upper().startswith(NAME)
