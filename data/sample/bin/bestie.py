#!/usr/bin/env python
# -*- coding: utf-8 -*-
# bestie.py -- asks the printer how it feels and translates the answer
#
# The PrintoMat 4200 speaks SNMP the way a teenager speaks at breakfast.
# Needs: net-snmp (snmpget), patience.
#
# venda, 2011-11-05        Python 2, and it will stay Python 2, like the printer

import subprocess
import sys
import time

PRINTER = '192.168.1.66'
STATUS_OID = '.1.3.6.1.2.1.43.16.5.1.2.1.1'

# What it says, and what it means. Collected over seven years.
MEANING = {
    'READY': 'it is about to be not ready',
    'WARMING UP': 'it has seen you coming',
    'VLOZTE A5': 'put in A4',
    'PAPER JAM': 'there is no paper in it',
    'NO PAPER': 'paper jam',
    'LOW MAGENTA': 'you wanted to print in black',
    'CALL SERVICE': 'say "toner" aloud near it',
    'SLEEP': 'this is the happiest it will ever be',
}


def ask_printer():
    try:
        out = subprocess.check_output(['snmpget', '-v1', '-cpublic', '-Oqv', PRINTER, STATUS_OID])
    except subprocess.CalledProcessError, e:
        return 'SULKING (%d)' % e.returncode
    return out.strip().strip('"').upper()


def translate(status):
    for prefix, meaning in MEANING.items():
        if status.startswith(prefix):
            return meaning
    return 'nobody knows; turn it off, count to forty, turn it on, apologise'


if __name__ == '__main__':
    last = None
    while True:
        status = ask_printer()
        if status != last:
            print time.strftime('%Y-%m-%d %H:%M'), status, '--', translate(status)
            sys.stdout.flush()
            last = status
        time.sleep(30)
