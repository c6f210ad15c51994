"""A plain reference model of a day's problem, from the data that `regie-sim problem` hands out.

It is written from what the data mean, for HiGHS by its own Python interface, and knows nothing of
Régie's rows and columns: branch flows where Régie uses sensitivities, one slack where it uses
several, all nodes where it leaves out those whose voltage cannot matter.

    python reference.py [--gap GAP] FILE...

prints, for each file, the least cost in EUR: `optimum` with whole decisions where the data want
them, `relaxation` with none.
"""

import argparse
import datetime as dt
import json
import math
import sys
import zoneinfo

import highspy

HOUR = dt.timedelta(hours=1)
INFINITY = highspy.kHighsInf


class Program:
    """A linear program under construction: columns with costs, rows over them."""

    def __init__(self, relaxed, gap):
        self.highs = highspy.Highs()
        self.highs.setOptionValue("output_flag", False)
        self.highs.setOptionValue("threads", 1)
        self.highs.setOptionValue("mip_rel_gap", gap)
        self.relaxed = relaxed
        self.parts = {}

    def amount(self, low=0.0, high=INFINITY, cost=0.0, part=None):
        column = self.highs.addVariable(lb=low, ub=max(low, high), obj=cost)
        if part:
            self.parts.setdefault(part, []).append((cost, column))
        return column

    def choice(self):
        if self.relaxed:
            return self.amount(0.0, 1.0)
        return self.highs.addBinary()

    def demand(self, row):
        self.highs.addConstr(row)

    def total(self, terms):
        """A sum of (factor, column) and plain numbers."""
        expression = highspy.highs.highs_linear_expression()
        for term in terms:
            if isinstance(term, tuple):
                expression += term[0] * term[1]
            else:
                expression += term
        return expression

    def least(self):
        self.highs.run()
        status = self.highs.getModelStatus()
        if status != highspy.HighsModelStatus.kOptimal:
            raise SystemExit(f"no optimum: {self.highs.modelStatusToString(status)}")
        return self.highs.getInfo().objective_function_value

    def itemised(self):
        """What the least cost is made of, EUR, by the names that Régie gives the parts."""
        value = self.highs.val
        sums = {n: sum(cost * value(c) for cost, c in part) for n, part in self.parts.items()}
        return {name: total for name, total in sums.items() if abs(total) > 1e-9}


class Day:
    """The problem's common parts: time, holds, what may take power, and who takes what where."""

    def __init__(self, data, program):
        assert data["version"] == 2, "a format that this script knows"
        self.data, self.program = data, program
        self.zone = zoneinfo.ZoneInfo(data["time_zone"])
        self.now = instant(data["now"])
        self.begin = [instant(step["start"]) for step in data["steps"]]
        self.end = [instant(step["end"]) for step in data["steps"]]
        self.hours = [(b - a) / HOUR for a, b in zip(self.begin, self.end)]
        self.whole = [step["whole"] for step in data["steps"]]
        self.steps = range(len(self.hours))
        network = data["network"]
        self.tan_phi = 0.0
        self.node_of = {}
        if network:
            self.tan_phi = math.tan(math.acos(network["power_factor"]))
            for feeder in network["feeders"]:
                for section in feeder["sections"]:
                    for asset in section["assets"]:
                        self.node_of[asset] = section["node"]
        # Terms of active and reactive power taken, by node (None is the busbar) and step.
        self.taken = {}

    def take(self, node, t, term, reactive):
        active, var = self.taken.setdefault((node, t), ([], []))
        active.append(term)
        if reactive:
            tan = self.tan_phi
            var.append((term[0] * tan, term[1]) if isinstance(term, tuple) else term * tan)

    def asset_takes(self, asset, t, term, reactive=False):
        self.take(self.node_of.get(asset), t, term, reactive)

    def held(self, asset, at):
        for hold in self.data["holds"]:
            if hold["asset"] == asset and at < instant(hold["until"]):
                return {"off": 0.0, "on": math.inf}.get(hold["held"], hold["power_kw"])
        return None

    def may_draw(self, asset):
        carried = self.data["generator_carries"]
        return carried is None or asset in carried

    def past(self, t, seconds):
        """The steps before t that began less than so long before it."""
        return [s for s in range(t) if (self.begin[t] - self.begin[s]).total_seconds() < seconds]


def instant(text):
    return dt.datetime.fromisoformat(text.replace("Z", "+00:00"))


def clock(text):
    return dt.time.fromisoformat(text)


def sun_and_light(day):
    for inverter in day.data["inverters"]:
        for t in day.steps:
            most = inverter["available_kw"][t]
            least = 0.0 if inverter["commandable"] else most
            held = day.held(inverter["id"], day.begin[t])
            if held is not None:
                least, most = min(least, held), min(most, held)
            day.asset_takes(inverter["id"], t, (-1.0, day.program.amount(least, most)))
    for cabinet in day.data["lighting"]:
        for t in day.steps:
            wished, rated = cabinet["wished"][t], cabinet["rated_kw"]
            # What is missing of the wish, as a level.
            missing = day.program.amount(
                0.0,
                wished - cabinet["may_dim_to"][t],
                cabinet["missing_eur_per_kwh"] * rated * day.hours[t],
                "light",
            )
            day.asset_takes(cabinet["id"], t, wished * rated, True)
            day.asset_takes(cabinet["id"], t, (-rated, missing), True)


def batteries(day):
    p = day.program
    for battery in day.data["batteries"]:
        if not battery["commandable"]:
            day.asset_takes(battery["id"], 0, battery["power_now_kw"])
            continue
        each_way = math.sqrt(battery["efficiency"])
        before = battery["energy_now_kwh"]
        for t in day.steps:
            hours = day.hours[t]
            most = battery["charge_kw"] if day.may_draw(battery["id"]) else 0.0
            charge, discharge = (0.0, most), (0.0, battery["discharge_kw"])
            held = day.held(battery["id"], day.begin[t])
            if held is not None:
                charge, discharge = (max(held, 0.0),) * 2, (max(-held, 0.0),) * 2
            charge = p.amount(*charge)
            discharge = p.amount(*discharge, battery["wear_eur_per_kwh"] * hours, "wear")
            shares = [(1 / battery["charge_kw"], charge), (1 / battery["discharge_kw"], discharge)]
            p.demand(p.total(shares) <= 1.0)
            last = t == day.steps[-1]
            worth = -battery["left_eur_per_kwh"] if last else 0.0
            energy = p.amount(0.0, battery["capacity_kwh"], worth, "energy left at the end")
            stored = [(each_way * hours, charge), (-hours / each_way, discharge), (-1.0, energy)]
            start = before if t == 0 else (1.0, before)
            p.demand(p.total([start, *stored]) == 0.0)
            # It leaves the charge that is allowed only where it begins outside or is held.
            strays = not battery["low_kwh"] <= battery["energy_now_kwh"] <= battery["high_kwh"]
            strays = strays or any(hold["asset"] == battery["id"] for hold in day.data["holds"])
            outside = p.amount(
                high=INFINITY if strays else 0.0,
                cost=battery["outside_eur_per_kwh_hour"] * hours, part=f"{battery['id']}.charge"
            )
            p.demand(energy + outside >= battery["low_kwh"])
            p.demand(energy - outside <= battery["high_kwh"])
            if battery["reserve_kwh"] > battery["low_kwh"]:
                short = p.amount(
                    cost=battery["reserve_eur_per_kwh_hour"] * hours,
                    part=f"{battery['id']}.reserve",
                )
                p.demand(energy + short >= battery["reserve_kwh"])
            day.asset_takes(battery["id"], t, (1.0, charge))
            day.asset_takes(battery["id"], t, (-1.0, discharge))
            before = energy


def chargers(day):
    for charger in day.data["chargers"]:
        for session in charger["sessions"]:
            there = [
                (
                    min(day.end[t], instant(session["departure"]))
                    - max(day.begin[t], instant(session["arrival"]))
                )
                / HOUR
                for t in day.steps
            ]
            if charger["commandable"]:
                told(day, charger, session, there)
            else:
                alone(day, charger, session, there)


def told(day, charger, session, there):
    p = day.program
    wanted = session["wanted_kwh"]
    given = []
    for t in day.steps:
        if there[t] <= 0.0:
            continue
        # Energy is what a driver wants: the columns are kWh.
        most = session["power_kw"] if day.may_draw(charger["id"]) else 0.0
        most *= there[t]
        held = day.held(charger["id"], day.begin[t])
        if held is not None:
            most = max(0.0, min(most, held * day.hours[t]))
        wait = max(0.0, (day.begin[t] - day.now) / HOUR)
        energy = p.amount(0.0, most, session["later_eur_per_kwh_hour"] * wait, "early")
        day.asset_takes(charger["id"], t, (1.0 / day.hours[t], energy))
        given.append((1.0, energy))
    missing = p.amount(
        0.0, wanted, charger["missing_eur_per_kwh"], f"{charger['id']}.session"
    )
    after = p.amount(
        0.0, session["after_kwh"], charger["after_eur_per_kwh"], "charged after the horizon"
    )
    p.demand(p.total([*given, (1.0, missing), (1.0, after)]) == wanted)


def alone(day, charger, session, there):
    """It is told nothing: it charges as soon and as fast as it can."""
    left = session["wanted_kwh"]
    for t in day.steps:
        energy = min(left, max(0.0, there[t]) * session["power_kw"])
        left -= energy
        day.asset_takes(charger["id"], t, energy / day.hours[t])


def allowed(day, load, begin, end):
    """The share of a time in which a load may run."""
    since, until = clock(load["from"]), clock(load["to"])
    if since == until:
        return 1.0
    there = dt.timedelta()
    date = begin.astimezone(day.zone).date() - dt.timedelta(days=1)
    while date <= end.astimezone(day.zone).date():
        last = date if since < until else date + dt.timedelta(days=1)
        opens = dt.datetime.combine(date, since, day.zone).astimezone(dt.timezone.utc)
        shuts = dt.datetime.combine(last, until, day.zone).astimezone(dt.timezone.utc)
        there += max(dt.timedelta(), min(end, shuts) - max(begin, opens))
        date += dt.timedelta(days=1)
    return there / (end - begin)


def running(day, load, most):
    """The columns of a switched load, and what goes for all of them; `most` by step."""
    p = day.program
    lasted = dt.timedelta(seconds=load["in_state_s"])
    columns, starts = [], []
    before = 1.0 if load["running"] else 0.0
    for t in day.steps:
        since = (lasted + (day.begin[t] - day.begin[0])).total_seconds()
        held = day.held(load["id"], day.begin[t])
        low, high = 0.0, most[t]
        if not load["commandable"]:
            low = high = 1.0 if load["running"] else 0.0
        elif not day.may_draw(load["id"]):
            low = high = 0.0
        elif held is not None:
            low = high = high if held > 0.0 else 0.0
        elif load["running"] and since < load["min_run_s"]:
            low = high
        elif not load["running"] and since < load["min_stop_s"]:
            high = 0.0
        if day.whole[t]:
            # A whole step or none of it.
            low, high = float(low > 0.999), float(high > 0.999)
        on = p.choice() if day.whole[t] and low < high else p.amount(low, high)
        start = p.amount(0.0, 1.0, load["start_eur"], "start")
        p.demand(p.total([(1.0, on), (-1.0, start), -before if t == 0 else (-1.0, before)]) <= 0.0)
        if day.whole[t]:
            begun = [(1.0, starts[s]) for s in day.past(t, load["min_run_s"])]
            if begun:
                p.demand(p.total([*begun, (-1.0, on)]) <= 0.0)
        day.asset_takes(load["id"], t, (load["rated_kw"], on), True)
        columns.append(on)
        starts.append(start)
        before = on
    return columns


def shiftable(day):
    p = day.program
    for load in day.data["shiftable"]:
        most = [allowed(day, load, day.begin[t], day.end[t]) for t in day.steps]
        on = running(day, load["switched"], most)
        middle = [day.begin[t] + (day.end[t] - day.begin[t]) / 2 for t in day.steps]
        dates = [at.astimezone(day.zone).date() for at in middle]
        for date in sorted(set(dates)):
            need = load["daily_run_h"]
            if date == day.now.astimezone(day.zone).date():
                need -= load["run_today_h"]
            midnight = dt.datetime.combine(date + dt.timedelta(days=1), dt.time(), day.zone)
            midnight = midnight.astimezone(dt.timezone.utc)
            after = day.end[-1]
            if after < midnight:
                need -= allowed(day, load, after, midnight) * ((midnight - after) / HOUR)
            if need <= 0.0:
                continue
            ran = [(day.hours[t], on[t]) for t in day.steps if dates[t] == date]
            missing = p.amount(
                cost=load["missing_eur_per_h"], part=f"{load['switched']['id']}.daily_run"
            )
            p.demand(p.total([*ran, (1.0, missing)]) >= need)


def lift_stations(day):
    p = day.program
    for station in day.data["lift_stations"]:
        on = running(day, station["switched"], [1.0] * len(day.hours))
        before = station["volume_now_m3"]
        for t in day.steps:
            hours = day.hours[t]
            last = t == day.steps[-1]
            name = station["switched"]["id"]
            worth = station["left_eur_per_m3"] if last else 0.0
            volume = p.amount(0.0, station["volume_m3"], worth, "water left in the well")
            dry = p.amount(cost=station["dry_eur_per_m3"], part="dry")
            over = p.amount(cost=station["overflow_eur_per_m3"], part=f"{name}.overflow")
            pumped = (-station["flow_m3_per_h"] * hours, on[t])
            came = station["inflow_m3_per_h"][t] * hours
            terms = [came, pumped, (1.0, dry), (-1.0, over), (-1.0, volume)]
            p.demand(p.total([before if t == 0 else (1.0, before), *terms]) == 0.0)
            price = station["outside_band_eur_per_m3_hour"] * hours
            outside = p.amount(cost=price, part=f"{name}.band")
            p.demand(volume + outside >= station["band_low_m3"])
            p.demand(volume - outside <= station["band_high_m3"])
            before = volume


def pumps(day):
    """Shares of the steps that combinations take, and whether each is used where they mix."""
    p, water = day.program, day.data["water"]
    if not water:
        return [], []
    combinations = range(len(water["combinations"]))
    used = [p.choice() for _ in combinations]
    shares = []
    for t in day.steps:
        of_step = [p.choice() if day.whole[t] else p.amount(0.0, 1.0) for _ in combinations]
        p.demand(p.total([(1.0, share) for share in of_step]) == 1.0)
        if not day.whole[t]:
            for c in combinations:
                p.demand(of_step[c] <= used[c])
        shares.append(of_step)
        for c in combinations:
            counts = water["combinations"][c]
            parts = [n * s["rated_kw"] for n, s in zip(counts, water["stations"])]
            for part, station in zip(parts, water["stations"]):
                if part > 0.0:
                    kw = water["power_kw"][t][c] * part / sum(parts)
                    day.asset_takes(station["pumps"][0]["id"], t, (kw, of_step[c]), True)
    for g, station in enumerate(water["stations"]):
        count = [
            [(float(water["combinations"][c][g]), of_step[c]) for c in combinations]
            for of_step in shares
        ]
        switching(day, station, count)
    return shares, used


def pump_range(day, pump, t):
    """The least and the most that a pump counts in a step, from what it does now."""
    ahead = day.begin[t] - day.begin[0]
    held = day.held(pump["id"], day.now + ahead)
    if not day.may_draw(pump["id"]) or held == 0.0:
        return 0, 0
    if held is not None:
        return int(held > 0.0), int(held > 0.0)
    if not pump["commandable"]:
        return (int(pump["running"]),) * 2 if t == 0 else (0, 0)
    lasted = pump["in_state_s"] + ahead.total_seconds()
    if pump["running"]:
        return int(lasted < pump["min_run_s"]), 1
    return 0, int(lasted >= pump["min_stop_s"])


def switching(day, station, count):
    p = day.program
    pumps, size = station["pumps"], len(station["pumps"])
    recent = sum(pump["starts_last_hour"] for pump in pumps)
    before = [-float(sum(pump["running"] for pump in pumps))]
    starts, stops = [], []
    for t in day.steps:
        start, stop = p.amount(0.0, size, station["start_eur"], "start"), p.amount(0.0, size)
        p.demand(p.total([*count[t], *before, (-1.0, start), (1.0, stop)]) == 0.0)
        ranges = [pump_range(day, pump, t) for pump in pumps]
        p.demand(p.total(count[t]) >= float(sum(low for low, _ in ranges)))
        p.demand(p.total(count[t]) <= float(sum(high for _, high in ranges)))
        starts.append(start)
        stops.append(stop)
        if day.whole[t]:
            begun = [(1.0, starts[s]) for s in day.past(t, station["min_run_s"])]
            if begun:
                p.demand(p.total([*count[t], *((-1.0, s) for _, s in begun)]) >= 0.0)
            ended = [(1.0, stops[s]) for s in day.past(t, station["min_stop_s"])]
            if ended:
                p.demand(p.total([*count[t], *ended]) <= float(size))
            hour = [(1.0, starts[s]) for s in [*day.past(t, 3600.0), t]]
            first = (day.begin[t] - day.begin[0]).total_seconds() < 3600.0
            most = size * station["max_starts_per_hour"] - (recent if first else 0)
            p.demand(p.total(hour) <= float(max(most, 0)))
        before = [(-factor, column) for factor, column in count[t]]


def tanks(day, shares):
    p, water = day.program, day.data["water"]
    for k, tank in enumerate(water["tanks"] if water else []):
        before = tank["volume_now_m3"]
        for t in day.steps:
            hours = day.hours[t]
            flows = [
                (water["inflow_m3_per_h"][t][c][k] * hours, share)
                for c, share in enumerate(shares[t])
            ]
            last = t == day.steps[-1]
            worth = -water["left_eur_per_m3"] if last else 0.0
            volume = p.amount(
                tank["bottom_m3"], tank["top_m3"], worth, "water left at the end"
            )
            unmet = p.amount(cost=tank["unmet_eur_per_m3"][t], part=f"{tank['id']}.demand")
            over = p.amount(cost=tank["overflow_eur_per_m3"][t], part=f"{tank['id']}.overflow")
            stored = [*flows, (1.0, unmet), (-1.0, over), (-1.0, volume)]
            p.demand(p.total([before if t == 0 else (1.0, before), *stored]) == 0.0)
            low, high = tank["band_low_m3"], tank["band_high_m3"]
            price = tank["outside_band_eur_per_m3_hour"] * hours
            outside = p.amount(cost=price, part=f"{tank['id']}.band")
            p.demand(volume + outside >= low)
            p.demand(volume - outside <= high)
            close = p.amount(cost=tank["cushion_eur_per_m3_hour"] * hours, part="cushion")
            p.demand(volume + close >= low + tank["cushion_m3"][t])
            p.demand(volume - close <= high - tank["cushion_m3"][t])
            reserve = tank["reserve"]
            if reserve and day.end[t].astimezone(day.zone).time() == clock(reserve["at"]):
                short = p.amount(
                    cost=reserve["missing_eur_per_m3"], part=f"{tank['id']}.reserve"
                )
                p.demand(volume + short >= reserve["volume_m3"])
            before = volume


def buildings(day):
    network = day.data["network"]
    shares = {}
    for feeder in network["feeders"] if network else []:
        for section in feeder["sections"]:
            shares[section["node"]] = section["base_load_share"]
    shares[None] = max(0.0, 1.0 - sum(shares.values()))
    for t in day.steps:
        for node, share in shares.items():
            day.take(node, t, share * day.data["base_load_kw"][t], True)


def within(p, low, flow, high, slack):
    """A flow of terms that lies between two limits but for a slack."""
    p.demand(p.total([*flow, (-1.0, slack)]) <= high)
    p.demand(p.total([*flow, (1.0, slack)]) >= low)


def network(day, t):
    """What the busbar takes in a step, as terms; branch flows below it and the voltages."""
    p, data = day.program, day.data["network"]
    taken = lambda node: day.taken.get((node, t), ([], []))
    active, reactive = [*taken(None)[0]], [*taken(None)[1]]
    if not data:
        return active
    per_kw = 2e3 / data["nominal_v"] ** 2
    price = data["overload_eur_per_kwh"] * day.hours[t]
    flows, squares = {}, {None: p.amount(0.0, 4.0)}
    for feeder in data["feeders"]:
        for section in feeder["sections"]:
            node = section["node"]
            flows[node] = (p.amount(-INFINITY), p.amount(-INFINITY))
            squares[node] = p.amount(0.0, 4.0)
        heads = []
        for section in feeder["sections"]:
            node, (kw, kvar) = section["node"], flows[section["node"]]
            behind = [flows[s["node"]] for s in feeder["sections"] if s["from"] == node]
            for kind, flow in enumerate((kw, kvar)):
                beyond = [(1.0, branch[kind]) for branch in behind]
                p.demand(p.total([*taken(node)[kind], *beyond, (-1.0, flow)]) == 0.0)
            r, x = section["resistance_ohm"] * per_kw, section["reactance_ohm"] * per_kw
            before = (-1.0, squares[section["from"]])
            p.demand(p.total([(1.0, squares[node]), before, (r, kw), (x, kvar)]) == 0.0)
            voltage(day, t, squares[node])
            if section["from"] is None:
                heads.append((kw, kvar))
        active += [(1.0, kw) for kw, _ in heads]
        reactive += [(1.0, kvar) for _, kvar in heads]
        if feeder["limit_kva"] is not None:
            limit = feeder["limit_kva"] * data["power_factor"]
            over = p.amount(cost=price, part=f"{feeder['id']}.limit")
            within(p, -limit, [(1.0, kw) for kw, _ in heads], limit, over)
    plate = data["transformer"] or {"resistance_ohm": 0.0, "reactance_ohm": 0.0}
    fall = [(plate["resistance_ohm"] * per_kw * f, c) for f, c in pairs(active)]
    fall += [(plate["reactance_ohm"] * per_kw * f, c) for f, c in pairs(reactive)]
    numbers = plate["resistance_ohm"] * sum(n for n in active if not isinstance(n, tuple))
    numbers += plate["reactance_ohm"] * sum(n for n in reactive if not isinstance(n, tuple))
    p.demand(p.total([(1.0, squares[None]), *fall]) == data["upstream"] ** 2 - per_kw * numbers)
    if data["transformer"]:
        limit = plate["rating_kva"] * data["power_factor"]
        within(p, -limit, active, limit, p.amount(cost=price, part="grid.transformer"))
    return active


def pairs(terms):
    return [term for term in terms if isinstance(term, tuple)]


def voltage(day, t, square):
    p, data = day.program, day.data["network"]
    band = data["band"] - data["margin"]
    price = data["voltage_eur_per_percent_hour"] * day.hours[t]
    off = p.amount(cost=price, part="voltage")
    p.demand(square + 0.02 * off >= (1.0 - band) ** 2)
    p.demand(square - 0.02 * off <= (1.0 + band) ** 2)


def ordered(day, direction, t):
    """The lowest limit ordered in a step: one that holds at its beginning or its middle."""
    ats = [day.begin[t], day.begin[t] + (day.end[t] - day.begin[t]) / 2]
    orders = [
        order["limit_kw"]
        for order in day.data["orders"]
        for at in ats
        if order["direction"] == direction
        and instant(order["from"]) <= at < instant(order["until"])
    ]
    return min(orders, default=None)


def grid(day):
    """The meter: what all take is imported less exported; the highest imports."""
    p, tariff, meter = day.program, day.data["tariff"], day.data["grid"]
    peaks = []
    for charge in tariff["demand_charges"]:
        price = charge["eur_per_kw"] / charge["days_left"]
        peaks.append(p.amount(charge["so_far_kw"], INFINITY, price, "grid.peak"))
    ahead = 0.0
    for t in day.steps:
        hours, price = day.hours[t], tariff["import_eur_per_kwh"][t]
        later = tariff["later_eur_per_kwh_hour"] * ahead
        bought = p.amount(cost=(price + later) * hours, part="grid.import")
        earned = min(tariff["export_eur_per_kwh"][t], price)
        sold = p.amount(cost=-earned * hours, part="grid.export")
        ahead += hours
        p.demand(p.total([*network(day, t), (-1.0, bought), (1.0, sold)]) == 0.0)
        net = bought - sold
        for peak, charge in zip(peaks, tariff["demand_charges"]):
            if charge["counts"][t]:
                p.demand(net <= peak)
        spread = meter["spread_kw"][t]
        if spread >= 0.1:
            for slope, height in meter["bought_at_least"]:
                p.demand(bought - slope * net >= height * spread)
        for direction, column in (("import", net), ("export", -1.0 * net)):
            own, order = meter[f"{direction}_limit_kw"], ordered(day, direction, t)
            prices = [(own, meter["above_limit_eur_per_kwh"])] if own is not None else []
            if order is not None and (own is None or order <= own):
                prices = [(order, meter["above_order_eur_per_kwh"])]
            for limit, dear in prices:
                above = p.amount(cost=dear * hours, part=f"grid.{direction}_limit")
                p.demand(column - above <= limit)
        contract = tariff["subscribed"]
        if contract and contract["limit_kw"][t] is not None:
            price = contract["above_eur_per_kwh"][t] * hours
            above = p.amount(cost=price, part="grid.subscribed")
            p.demand(net - above <= contract["limit_kw"][t])
    return peaks


def mixture_peaks(day, used, peaks):
    """Where combinations mix, one that is used at all counts with its own least import."""
    p, data = day.program, day.data
    later = [t for t in day.steps if not day.whole[t]]
    if not later:
        return
    help_kw = sum(battery["discharge_kw"] for battery in data["batteries"])

    def besides(t):
        light = sum(l["may_dim_to"][t] * l["rated_kw"] for l in data["lighting"])
        solar = sum(inverter["available_kw"][t] for inverter in data["inverters"])
        return data["base_load_kw"][t] + light - solar - help_kw

    for c, use in enumerate(used):
        least = min(data["water"]["power_kw"][t][c] + besides(t) for t in later)
        for peak, charge in zip(peaks, data["tariff"]["demand_charges"]):
            if least > 0.0 and all(charge["counts"][t] for t in later):
                p.demand(least * use <= peak)


def least_cost(data, relaxed, gap):
    program = Program(relaxed, gap)
    day = Day(data, program)
    sun_and_light(day)
    batteries(day)
    chargers(day)
    shiftable(day)
    lift_stations(day)
    shares, used = pumps(day)
    tanks(day, shares)
    buildings(day)
    peaks = grid(day)
    mixture_peaks(day, used, peaks)
    return {"objective_eur": program.least(), "parts_eur": program.itemised()}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gap", type=float, default=1e-5)
    parser.add_argument("files", nargs="+")
    arguments = parser.parse_args()
    answers = []
    for name in arguments.files:
        with open(name, encoding="utf-8") as file:
            data = json.load(file)["problem"]
        answer = {
            "optimum": least_cost(data, False, arguments.gap),
            "relaxation": least_cost(data, True, arguments.gap),
        }
        answers.append(answer)
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
