"""The same work in SimPy: prints the seconds that it took [s], and for the queue the customers and their mean time."""

import random
import sys
import time

import simpy


def hold(pending, holds):
    draw = random.Random(1).expovariate
    env = simpy.Environment()
    left = [holds]

    def device():
        while True:
            yield env.timeout(draw(1 / 60))
            left[0] -= 1

    for _ in range(pending):
        env.process(device())
    for _ in range(pending):
        env.step()  # each process begins with an event of its own
    while left[0] == holds:
        env.step()
    left[0] = holds
    start = time.process_time()
    while left[0] > 0:
        env.step()
    print(time.process_time() - start)


def queue(customers):
    draw = random.Random(2).expovariate
    env = simpy.Environment()
    server = simpy.Resource(env, capacity=1)
    served = [0, 0.0]

    def customer():
        since = env.now
        with server.request() as turn:
            yield turn
            yield env.timeout(draw(1.0))
        served[0] += 1
        served[1] += env.now - since

    def source():
        while True:
            yield env.timeout(draw(0.9))
            env.process(customer())

    env.process(source())
    start = time.process_time()
    while served[0] < customers:
        env.step()
    print(time.process_time() - start, served[0], served[1] / served[0])


if sys.argv[1] == "hold":
    hold(int(sys.argv[2]), int(sys.argv[3]))
else:
    queue(int(sys.argv[2]))
