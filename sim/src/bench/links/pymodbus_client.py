"""Polls many connections with pymodbus, round by round, and prints what it cost as JSON."""

import asyncio
import json
import sys
import time

from pymodbus.client import AsyncModbusTcpClient


def resident_kib():
    with open("/proc/self/status", encoding="ascii") as status:
        return next(float(line.split()[1]) for line in status if line.startswith("VmRSS:"))


async def main(port, connections, rounds):
    before = resident_kib()
    clients = [AsyncModbusTcpClient("127.0.0.1", port=port) for _ in range(connections)]
    for client in clients:
        assert await client.connect()

    async def poll(client):
        answer = await client.read_input_registers(0, count=125, device_id=1)
        assert len(answer.registers) == 125

    async def poll_all():
        await asyncio.gather(*(poll(client) for client in clients))

    await poll_all()
    cpu, wall = time.process_time(), time.monotonic()
    for _ in range(rounds):
        await poll_all()
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    requests = rounds * connections
    found = {
        "requests": requests,
        "wanted": requests,
        "cpu_us": cpu / requests * 1e6,
        "round_ms": wall / rounds * 1e3,
        "connection_kib": (resident_kib() - before) / connections,
    }
    for client in clients:
        client.close()
    print(json.dumps(found))


asyncio.run(main(*(int(word) for word in sys.argv[1:4])))
