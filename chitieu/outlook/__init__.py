"""Forecasts to a day: a distribution, its 80 % interval, the probability of meeting. Pure.

Floats are used inside and only `+ - * /` and `sqrt` of them, which IEEE 754 rounds one way: the
same figures give the same digits on every machine. What leaves here is `Decimal`.
"""
