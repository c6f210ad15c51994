"""The other end of Modbus/TCP Security: pymodbus over Python's own TLS, without a line of Régie's.

    secured.py serve PORT FOLDER VERSION   serve unit 1 to clients with a certificate of the authority
    secured.py ask PORT FOLDER VERSION     read register 20 and write 650 to it as a client of
                                           pymodbus, and print what came of it as JSON
    secured.py raw PORT FOLDER VERSION     send the bytes of a read and of a write, and print the
                                           bytes of the answers in hexadecimal, as JSON

VERSION is 1.2 or 1.3. FOLDER holds authority.pem, certificate.pem and key.pem; '-' asks without a
certificate, and trusts anybody.
"""

import asyncio
import json
import logging
import socket
import ssl
import sys

from pymodbus.client import ModbusTlsClient
from pymodbus.exceptions import ModbusException
from pymodbus.server import ModbusTlsServer
from pymodbus.simulator import DataType, SimData, SimDevice

HOST = "127.0.0.1"
PATIENCE_S = 10
VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}

# Frames written out by hand: function 3 and function 6 to register 20 of unit 1.
READ = bytes.fromhex("0009 0000 0006 01 03 0014 0001")
WRITE = bytes.fromhex("000a 0000 0006 01 06 0014 028a")


def context(side, folder, version):
    made = ssl.SSLContext(side)
    made.minimum_version = made.maximum_version = VERSIONS[version]
    if folder == "-":
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
        return made
    made.load_cert_chain(f"{folder}/certificate.pem", f"{folder}/key.pem")
    made.load_verify_locations(f"{folder}/authority.pem")
    made.verify_mode = ssl.CERT_REQUIRED
    return made


async def serve(port, secured):
    registers = SimData(0, values=[0] * 20 + [1000] + [0] * 20, datatype=DataType.REGISTERS)
    unit = SimDevice(1, simdata=[registers])
    server = ModbusTlsServer([unit], address=(HOST, port), sslctx=secured)
    await server.serve_forever()


def told(answer):
    """The registers of an answer, or its exception."""
    return {"exception": answer.exception_code} if answer.isError() else answer.registers


def ask(port, secured):
    # Its client does not tell Python whom it asked for; `raw` checks the name.
    secured.check_hostname = False
    client = ModbusTlsClient(HOST, port=port, sslctx=secured, timeout=PATIENCE_S, retries=0)
    try:
        if not client.connect():
            return {"refused": "no connection"}
        found = told(client.read_holding_registers(20, count=1, device_id=1))
        wrote = told(client.write_register(20, 650, device_id=1))
        return {"read": found, "wrote": wrote}
    except (OSError, ModbusException) as error:
        return {"refused": str(error)}
    finally:
        client.close()


def raw(port, secured):
    try:
        with socket.create_connection((HOST, port), timeout=PATIENCE_S) as plain:
            with secured.wrap_socket(plain, server_hostname=HOST) as link:
                answers = []
                for frame in (READ, WRITE):
                    link.sendall(frame)
                    answers.append(link.recv(260).hex())
                return {"version": link.version(), "answers": answers}
    except OSError as error:
        return {"refused": str(error)}


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    word, port, folder, version = sys.argv[1:]
    if word == "serve":
        asyncio.run(serve(int(port), context(ssl.PROTOCOL_TLS_SERVER, folder, version)))
    else:
        act = {"ask": ask, "raw": raw}[word]
        print(json.dumps(act(int(port), context(ssl.PROTOCOL_TLS_CLIENT, folder, version))))
