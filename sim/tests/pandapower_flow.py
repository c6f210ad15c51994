"""Solves low-voltage networks with pandapower, for the test beside this file.

Reads a list of cases in JSON from the file named, and writes a list of results: voltages per unit,
currents in A, powers in W and var; null for a case without a solution.
"""

import json
import sys

import pandapower

HIGH_KV = 20.0


def build(case):
    net = pandapower.create_empty_network(sn_mva=0.1)
    low_kv = case["nominal_v"] / 1e3
    loads, sections = case["loads"], case["sections"]
    places = pandapower.create_buses(net, len(loads), vn_kv=low_kv)
    transformer = case["transformer"]
    source = places[0]
    if transformer:
        source = pandapower.create_bus(net, vn_kv=HIGH_KV)
        pandapower.create_transformer_from_parameters(
            net,
            source,
            places[0],
            sn_mva=transformer["rating_va"] / 1e6,
            vn_hv_kv=HIGH_KV,
            vn_lv_kv=low_kv,
            vk_percent=100 * transformer["short_circuit"],
            vkr_percent=100 * transformer["load_loss_w"] / transformer["rating_va"],
            pfe_kw=0,
            i0_percent=0,
        )
    pandapower.create_ext_grid(net, source, vm_pu=case["upstream"])
    pandapower.create_lines_from_parameters(
        net,
        [places[section["from"]] for section in sections],
        places[1:],
        length_km=[section["length_m"] / 1e3 for section in sections],
        r_ohm_per_km=[section["ohm_per_km"][0] for section in sections],
        x_ohm_per_km=[section["ohm_per_km"][1] for section in sections],
        c_nf_per_km=0,
        max_i_ka=1,
    )
    active_mw = [active_w / 1e6 for active_w, _ in loads]
    reactive_mvar = [reactive_var / 1e6 for _, reactive_var in loads]
    pandapower.create_loads(net, places, p_mw=active_mw, q_mvar=reactive_mvar)
    return net, places


def solve(case):
    net, places = build(case)
    try:
        pandapower.runpp(net, tolerance_mva=1e-11, max_iteration=20, numba=False)
    except pandapower.LoadflowNotConverged:
        return None
    lines, transformers = net.res_line, net.res_trafo
    return {
        "voltage": [float(net.res_bus.vm_pu[place]) for place in places],
        "current_a": [float(value) * 1e3 for value in lines.i_from_ka],
        "power_w": [float(value) * 1e6 for value in lines.p_from_mw],
        "reactive_var": [float(value) * 1e6 for value in lines.q_from_mvar],
        "transformer_loss_w": [float(value) * 1e6 for value in transformers.pl_mw],
        "losses_w": 1e6 * float(lines.pl_mw.sum() + transformers.pl_mw.sum()),
        "import_w": 1e6 * float(net.res_ext_grid.p_mw.sum()),
        "import_var": 1e6 * float(net.res_ext_grid.q_mvar.sum()),
    }


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        cases = json.load(file)
    json.dump([solve(case) for case in cases], sys.stdout)
