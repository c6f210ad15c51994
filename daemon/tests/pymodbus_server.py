"""Two Modbus devices of pymodbus: a server and a client that share no code with Régie.

    pymodbus_server.py serve PORT      serve (0: any free port); say every write on standard output
    pymodbus_server.py serve-rtu PATH  the same on a serial line, at 19200 baud without parity
    pymodbus_server.py read PORT       print what a client of pymodbus reads there, as JSON
    pymodbus_server.py broadcast PATH  let a client of pymodbus write 42 to holding register 7 of all
                                       units of a serial line
"""

import asyncio
import json
import logging
import sys

from pymodbus.client import ModbusSerialClient, ModbusTcpClient
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

WRITES = {5: "coil", 6: "holding", 15: "coils", 16: "holdings"}


def say(**what):
    print(json.dumps(what), flush=True)


def swapped(words):
    """The same value with the low word first."""
    return list(reversed(words))


def registers(kind, value):
    return ModbusTcpClient.convert_to_registers(value, kind)


U32 = ModbusTcpClient.DATATYPE.UINT32
F32 = ModbusTcpClient.DATATYPE.FLOAT32


def inverter():
    holding = [
        SimData(0, values=[-125], datatype=DataType.INT16),
        SimData(1, values=registers(U32, 3_000_000_000), datatype=DataType.REGISTERS),
        SimData(3, values=swapped(registers(U32, 123_456_789)), datatype=DataType.REGISTERS),
        SimData(5, values=registers(F32, 50_000.0), datatype=DataType.REGISTERS),
        # The setpoint: per cent with one decimal; 1000 is no limit.
        SimData(20, values=[1000], datatype=DataType.REGISTERS),
    ]
    coils = [SimData(0, values=[True, False, True] + [False] * 13, datatype=DataType.BITS)]
    return device(1, coils, holding)


def meter():
    holding = [
        SimData(0, values=swapped(registers(F32, -50_000.0)), datatype=DataType.REGISTERS),
        SimData(2, values=registers(F32, -0.15625), datatype=DataType.REGISTERS),
    ]
    coils = [SimData(0, values=[False] * 16, datatype=DataType.BITS)]
    return device(2, coils, holding)


def device(number, coils, holding):
    async def action(function, _start, address, _count, _registers, values):
        if values is not None:
            say(unit=number, wrote=WRITES[function], address=address, values=list(values))

    nothing = [SimData(0, values=[False] * 16, datatype=DataType.BITS)]
    empty = [SimData(0, values=[0], datatype=DataType.REGISTERS)]
    return SimDevice(number, simdata=(coils, nothing, holding, empty), action=action)


async def serve(port):
    server = ModbusTcpServer([inverter(), meter()], address=("127.0.0.1", port))
    await server.serve_forever(background=True)
    say(port=server.transport.sockets[0].getsockname()[1])
    await server.serving


async def serve_rtu(path):
    server = ModbusSerialServer([inverter(), meter()], port=path, baudrate=19200, parity="N")
    await server.serve_forever(background=True)
    say(path=path)
    await server.serving


def read(port):
    with ModbusTcpClient("127.0.0.1", port=port) as client:
        limit = client.read_holding_registers(20, count=1, device_id=1).registers[0]
        enabled = client.read_coils(3, count=1, device_id=1).bits[0]
    say(limit=limit, enabled=enabled)


def broadcast(path):
    with ModbusSerialClient(path, baudrate=19200, parity="N") as client:
        client.write_register(7, 42, device_id=0, no_response_expected=True)


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    word, place = sys.argv[1:]
    if word == "serve":
        asyncio.run(serve(int(place)))
    elif word == "serve-rtu":
        asyncio.run(serve_rtu(place))
    elif word == "broadcast":
        broadcast(place)
    else:
        read(int(place))
