"""Babel -> what an e-mail says in one language: words, dates, money, lengths of time.

The words come from gettext catalogs, `templates/locale/<language>.po`, which are read
once for each language that is written; English is what the templates say.
"""

import gettext
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache, cached_property, lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale
from babel.dates import format_date, get_timezone_location
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal
from babel.units import format_unit

_LOCALES = {"en": "en_GB", "zh": "zh_Hans"}
"""Where Babel's name of a language says more than ours."""
_DAYS = {"en": "EEEE d MMMM y", "es": "EEEE d 'de' MMMM 'de' y"}
"""Where a day within a sentence is written otherwise than in CLDR's full form."""
_WITHIN_CHINESE = re.compile(r"(?<=\d)(?=[\u4e00-\u9fff])")
_HOURS_ARE_CLEARER_UNDER = timedelta(hours=72)
_UTC_NAMES = frozenset({"UTC", "GMT", "ETC/UTC", "ETC/GMT"})


@dataclass(frozen=True)
class Language:
    """One language with its catalog.

    Args:
        code: one of SUPPORTED_LOCALES.
        catalogs: the folder of the .po files; a language without one says English.
    """

    code: str
    catalogs: Path

    @property
    def tag(self) -> str:
        """Return the language for the HTML attribute `lang`."""
        return "zh-Hans" if self.code == "zh" else self.code

    @cached_property
    def catalog(self) -> gettext.NullTranslations:
        """Return the catalog, read from its .po file."""
        path = self.catalogs / f"{self.code}.po"
        if not path.is_file():
            return gettext.NullTranslations()
        compiled = BytesIO()
        with path.open("rb") as file:
            write_mo(compiled, read_po(file, locale=self._locale))
        compiled.seek(0)
        return gettext.GNUTranslations(compiled)

    def in_words(self, facts: Any) -> Any:  # noqa: ANN401 - facts are any plain data
        """Return the facts with every instant, day, span and amount in words.

        See worker/replies/values.py for how they come.
        """
        if isinstance(facts, list):
            return [self.in_words(fact) for fact in facts]
        if not isinstance(facts, dict):
            return facts
        for mark, say in self._sayings.items():
            if mark in facts:
                return say(facts)
        return {name: self.in_words(fact) for name, fact in facts.items()}

    def number(self, number: int | Decimal) -> str:
        """Return a count, or a rate with all its digits, with the language's signs."""
        return format_decimal(number, locale=self._locale, decimal_quantization=False)

    @cached_property
    def _sayings(self) -> dict[str, Callable[[dict[str, Any]], str]]:
        return {
            "instant": self._instant,
            "day_from": self._day_only,
            "span_s": self._span,
            "amount_of": self._amount,
            "digits": self._number,
            "sentence": self._sentence,
        }

    @cached_property
    def _locale(self) -> Locale:
        return Locale.parse(_LOCALES.get(self.code, self.code))

    def _number(self, fact: dict[str, Any]) -> str:
        return self.number(Decimal(fact["digits"]))

    def _sentence(self, fact: dict[str, Any]) -> str:
        """Return an English sentence of the catalogs with its figures in it."""
        figures = {name: self.in_words(one) for name, one in fact["figures"].items()}
        sentence: str = fact["sentence"]
        return self.catalog.gettext(sentence) % figures

    def _instant(self, fact: dict[str, Any]) -> str:
        """Return an instant in UTC and in the destination's zone.

        "Wednesday 25 November 2026, 19:10 UTC (20:10 Berlin time)"; the local day is
        added where it differs. Seconds are cut off, so a deadline of ours never reads
        later than it is; an exact instant shows them where they decide something.
        """
        _ = self.catalog.gettext
        utc = datetime.fromisoformat(fact["instant"]).astimezone(ZoneInfo("UTC"))
        words = _("%(day)s, %(time)s UTC") % self._parts(utc, fact)
        zone = _zone(fact["zone"])
        if zone is None:
            return words
        local = utc.astimezone(zone)
        is_same_day = local.date() == utc.date()
        moment = "%(time)s" if is_same_day else _("%(day)s, %(time)s")
        return _("%(instant)s (%(local)s %(place)s time)") % {
            "instant": words,
            "local": moment % self._parts(local, fact),
            "place": _city(zone.key, self._locale),
        }

    def _parts(self, at: datetime, fact: dict[str, Any]) -> dict[str, str]:
        shows_seconds = fact["is_exact"] and at.second
        time = f"{at:%H:%M:%S}" if shows_seconds else f"{at:%H:%M}"
        return {"day": self._day(at.date()), "time": time}

    def _day(self, day: date) -> str:
        return _day_in_words(day, _DAYS.get(self.code, "full"), self._locale)

    def _day_only(self, fact: dict[str, Any]) -> str:
        zone = _zone(fact["zone"]) or ZoneInfo("UTC")
        day = datetime.fromisoformat(fact["day_from"]).astimezone(zone)
        say = self.catalog.gettext("%(day)s (the time of day is not recorded)")
        return say % {"day": self._day(day.date())}

    def _span(self, fact: dict[str, Any]) -> str:
        """Return "24 hours and 1 second", or whole days from 72 hours; no sign."""
        seconds = abs(int(fact["span_s"]))
        if seconds >= _HOURS_ARE_CLEARER_UNDER.total_seconds():
            return self._unit(seconds // 86400, "day")
        parts = [
            self._unit(number, unit)
            for number, unit in (
                (seconds // 3600, "hour"),
                (seconds // 60 % 60, "minute"),
                (seconds % 60, "second"),
            )
            if number
        ]
        if not parts:
            return self._unit(0, "second")
        if self.code == "zh":
            return " ".join(parts)
        return format_list(parts, locale=self._locale)

    def _unit(self, number: int, unit: str) -> str:
        # The long Chinese forms of CLDR are aliases, which Babel 2.18 does not follow.
        length: Literal["short", "long"] = "short" if self.code == "zh" else "long"
        words = _unit_in_words(number, f"duration-{unit}", length, self._locale)
        # Our Chinese sentences set a blank between a number and its word.
        return _WITHIN_CHINESE.sub(" ", words)

    def _amount(self, fact: dict[str, Any]) -> str:
        pattern = "#,##0.00 ¤¤" if fact["currency"] else "#,##0.00"
        return format_currency(
            fact["amount_of"], fact["currency"] or "USD", pattern, locale=self._locale
        )


@lru_cache(maxsize=1000)
def _day_in_words(day: date, form: str, locale: Locale) -> str:
    return format_date(day, form, locale=locale)


@lru_cache(maxsize=1000)
def _unit_in_words(
    number: int, unit: str, length: Literal["short", "long"], locale: Locale
) -> str:
    return format_unit(number, unit, length, locale=locale)


@cache
def _city(zone: str, locale: Locale) -> str:
    return get_timezone_location(zone, locale, return_city=True)


@lru_cache(maxsize=1000)
def _zone(name: str | None) -> ZoneInfo | None:
    """Return the zone, or None for an unknown one and for UTC under any name."""
    if name is None or name.upper() in _UTC_NAMES:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
