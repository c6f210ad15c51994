"""Bills of a made-up meter under two example tariffs, reckoned the plain way.

The rules of the tariffs stand here a second time, in code, so that the reader of tariff files and
the billing of Régie are compared with something that shares nothing with them.
Usage: bill.py COLOURS.csv
"""

import csv
import datetime as d
import json
import math
import sys
import zoneinfo

ZONE = zoneinfo.ZoneInfo("Europe/Paris")
UTC = d.timezone.utc
STEP = d.timedelta(minutes=10)


def power(k):
    """Net power of interval k in kW; below zero it is exported."""
    return 180 + 140 * math.sin(0.37 * k) + 90 * math.cos(0.0113 * k)


def colours(path):
    with open(path, encoding="utf-8") as file:
        lines = [line for line in file if not line.startswith("#")]
    return {row["date"]: row["colour"] for row in csv.DictReader(lines)}


TEMPO = {
    "blue-peak": 0.16,
    "blue-off-peak": 0.13,
    "white-peak": 0.19,
    "white-off-peak": 0.15,
    "red-peak": 0.70,
    "red-off-peak": 0.16,
}


def tempo(local, days):
    date = local.date() if local.hour >= 6 else local.date() - d.timedelta(days=1)
    colour = days.get(date.isoformat(), "blue")
    return f"{colour}-peak" if 6 <= local.hour < 22 else f"{colour}-off-peak"


def medium_voltage(local):
    winter = local.month in (11, 12, 1, 2, 3)
    if local.isoweekday() == 7 or not 6 <= local.hour < 22:
        return "winter-low" if winter else "summer-low"
    if not winter:
        return "summer-high"
    if local.month in (12, 1, 2) and local.hour in (9, 10, 18, 19):
        return "peak"
    return "winter-high"


MEDIUM = {"peak": 0.26, "winter-high": 0.19, "winter-low": 0.13, "summer-high": 0.12,
          "summer-low": 0.09}
SUBSCRIBED = {"peak": 250, "winter-high": 250, "winter-low": 300, "summer-high": 350,
              "summer-low": 350}
OVERRUN = {"peak": 0.80, "winter-high": 0.50, "winter-low": 0.30, "summer-high": 0.20,
           "summer-low": 0.10}


def bill(classify, prices):
    lines, sold = {}, 0.0
    for local, kw in series():
        kwh = kw / 6
        if kwh > 0:
            name = classify(local)
            line = lines.setdefault(name, {"kwh": 0.0, "eur": 0.0})
            line["kwh"] += kwh
            line["eur"] += kwh * prices[name]
        else:
            sold -= kwh
    return {"classes": lines, "feed_in": {"kwh": sold, "eur": sold * 0.06}}


def series():
    """Ten-minute intervals of January to April 2026, local months."""
    now = d.datetime(2026, 1, 1, tzinfo=ZONE).astimezone(UTC)
    end = d.datetime(2026, 5, 1, tzinfo=ZONE).astimezone(UTC)
    k = 0
    while now < end:
        yield now.astimezone(ZONE), power(k)
        now += STEP
        k += 1


def power_part():
    """Per month: overruns, and the highest quarter hour of peak and winter-high."""
    months = {}
    quarters = {}
    for local, kw in series():
        month = months.setdefault(local.month, {})
        name = medium_voltage(local)
        above = max(kw, 0) - SUBSCRIBED[name]
        if above > 0:
            month[name] = month.get(name, 0.0) + above * above
        # A ten-minute value lies in one quarter hour or in two.
        start = local.astimezone(UTC)
        for minute in range(0, 10, 5):
            at = start + d.timedelta(minutes=minute)
            quarter = at.replace(minute=at.minute // 15 * 15)
            quarters[quarter] = quarters.get(quarter, 0.0) + max(kw, 0) / 3
    result = {}
    for month, squares in months.items():
        eur = sum(OVERRUN[name] * math.sqrt(square) for name, square in squares.items())
        counted = [
            kw for quarter, kw in quarters.items()
            if quarter.astimezone(ZONE).month == month
            and medium_voltage(quarter.astimezone(ZONE)) in ("peak", "winter-high")
        ]
        peak = max(counted, default=0.0)
        result[str(month)] = {"overrun_eur": eur, "peak_kw": peak, "demand_eur": 3 * peak}
    return result


days = colours(sys.argv[1])
json.dump(
    {
        "tempo": bill(lambda local: tempo(local, days), TEMPO),
        "medium": bill(medium_voltage, MEDIUM),
        "months": power_part(),
    },
    sys.stdout,
)
