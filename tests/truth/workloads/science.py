# SPDX-License-Identifier: Apache-2.0
"""numpy and pandas: mostly C, with much Python around it."""

import io


def compute(numpy):
    a = numpy.arange(12).reshape(3, 4)
    return numpy.linalg.norm(a), numpy.median(a, axis=0), numpy.polyfit([1, 2, 3], [1, 4, 9], 2)


def tabulate(pandas):
    frame = pandas.read_csv(io.StringIO("a,b\n1,x\n2,y\n3,x\n"))
    return frame.groupby("b").sum(), frame.describe(), frame.to_json(), frame.merge(frame, on="b")


def never(numpy):
    return numpy.fft.fft([1, 2, 3])


def main():
    import numpy
    import pandas
    compute(numpy)
    tabulate(pandas)
