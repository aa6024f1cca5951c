"""AWS's way of collecting device-side metrics, rewritten with its costs, for `npm run bench`.

The published collector of AWS's Python agents asks psutil for all sockets once for the listening ports and once more for
the connections, asks for the addresses of all interfaces anew for each socket (and for each interface it looks through),
and looks for each connection in the list of those it has already. This does the same work in the same order; none of it
is theirs.

Usage: aws_way.py SECONDS_MAX. Collects until the time is up, at least once, and prints the CPU milliseconds of each turn.
"""

import json
import socket
import sys
import time
from ipaddress import ip_address

import psutil

RUNS_MAX = 9


def interface_of(address):
    if address in ("0.0.0.0", "::"):
        return address
    for name in psutil.net_if_addrs():
        if any(known.address == address for known in psutil.net_if_addrs()[name]):
            return name
    return None


def listeners():
    tcp, udp = [], []
    for each in psutil.net_connections(kind="inet"):
        entry = {"port": each.laddr.port, "interface": interface_of(each.laddr.ip)}
        if each.type == socket.SOCK_DGRAM:
            udp.append(entry)
        elif each.status == "LISTEN":
            tcp.append(entry)
    return tcp, udp


def connections():
    found = []
    for each in psutil.net_connections(kind="tcp"):
        if each.status != "ESTABLISHED":
            continue
        host = each.raddr.ip if ip_address(each.raddr.ip).version == 4 else "[" + each.raddr.ip + "]"
        entry = {
            "remote_addr": host + ":" + str(each.raddr.port),
            "local_interface": interface_of(each.laddr.ip),
            "local_port": each.laddr.port,
        }
        if entry not in found:
            found.append(entry)
    return found


def collect():
    traffic = psutil.net_io_counters(pernic=False)
    return traffic, listeners(), connections()


def main():
    ends = time.monotonic() + float(sys.argv[1])
    times, count = [], 0
    while not times or (len(times) < RUNS_MAX and time.monotonic() < ends):
        before = time.process_time()
        count = len(collect()[2])
        times.append((time.process_time() - before) * 1000)
    print(json.dumps({"cpuMs": times, "connections": count}))


main()
