"""Runs a program on a terminal of its own, and prints what that terminal shows.

    terminal.py PROMPT INPUT PROGRAM ARGUMENTS…

With a PROMPT, INPUT is typed once the program has shown the prompt and has turned the echo off. The exit code is that of the program.
"""

import os
import pty
import sys
import termios

prompt, typed, *program = sys.argv[1:]
child, terminal = pty.fork()
if child == 0:
    os.execv(program[0], program)

shown = b""


def read():
    global shown
    try:
        part = os.read(terminal, 4096)
    except OSError:
        # The program has ended.
        part = b""
    shown += part
    return part


while prompt and prompt.encode() not in shown and read():
    pass
if prompt and prompt.encode() in shown:
    while termios.tcgetattr(terminal)[3] & termios.ECHO:
        os.sched_yield()
    os.write(terminal, typed.encode() + b"\n")
while read():
    pass
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
sys.stdout.buffer.write(shown)
sys.exit(code)
