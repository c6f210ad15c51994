"""The sun, the clear sky and tilted planes as pvlib has them, for a set of instants and planes.

Reads a JSON object from standard input and writes one to standard output; pvlib.rs says which.
"""

import json
import sys

import pandas
import pvlib


def main() -> None:
    question = json.load(sys.stdin)
    answers = []
    for place in question["places"]:
        times = pandas.DatetimeIndex(question["times"])
        location = pvlib.location.Location(place["latitude"], place["longitude"])
        # Geometry without the bending of light is not touched by pressure; the rest is compared
        # with the bending of standard air.
        sun = location.get_solarposition(times, pressure=101325, temperature=12)
        extra = pvlib.irradiance.get_extra_radiation(times, method="spencer")
        air = pvlib.atmosphere.get_relative_airmass(sun["apparent_zenith"])
        pressure = pvlib.atmosphere.alt2pres(question["altitude"])
        air = pvlib.atmosphere.get_absolute_airmass(air, pressure)
        sky = pvlib.clearsky.ineichen(
            sun["apparent_zenith"], air, question["turbidity"], question["altitude"], extra
        ).fillna(0.0)
        planes = []
        for tilt, azimuth in question["planes"]:
            total = pvlib.irradiance.get_total_irradiance(
                tilt, azimuth, sun["apparent_zenith"], sun["azimuth"],
                sky["dni"], sky["ghi"], sky["dhi"],
                dni_extra=extra, albedo=0.2, model="haydavies",
            )
            planes.append(total["poa_global"].fillna(0.0).tolist())
        answers.append({
            "elevation": sun["elevation"].tolist(),
            "seen_elevation": sun["apparent_elevation"].tolist(),
            "azimuth": sun["azimuth"].tolist(),
            "equation_of_time": sun["equation_of_time"].tolist(),
            "above_air": extra.tolist(),
            "horizontal": sky["ghi"].tolist(),
            "beam": sky["dni"].tolist(),
            "diffuse": sky["dhi"].tolist(),
            "planes": planes,
        })
    json.dump({"pvlib": pvlib.__version__, "answers": answers}, sys.stdout)


main()
