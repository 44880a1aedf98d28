"""Published data that the agreement figures are held against.

Each was found in two places at least that agree with one another, or gives the printed figures.
"""

from __future__ import annotations

import numpy as np

#: Shrout & Fleiss 1979, table 2: six targets, four judges.
SHROUT_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float
)

#: Bland & Altman 1986, table: peak expiratory flow (l/min), two readings with either meter.
WRIGHT_1 = np.array(
    [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427], float
)
WRIGHT_2 = np.array(
    [490, 397, 512, 401, 470, 611, 415, 431, 638, 429, 420, 633, 275, 492, 165, 372, 421], float
)
MINI_1 = np.array(
    [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451], float
)
MINI_2 = np.array(
    [525, 415, 508, 444, 500, 625, 460, 390, 642, 432, 420, 605, 227, 467, 268, 370, 443], float
)

#: Bland & Altman 2007, table 1 (of Bowling 1993): subject, cardiac output by radionuclide
#: ventriculography (RV) and by impedance cardiography (IC), l/min.
_CARDIAC = """1 7.83 6.57 1 7.42 5.62 1 7.89 6.90 1 7.12 6.57 1 7.88 6.35 2 6.16 4.06 2 7.26 4.29
2 6.71 4.26 2 6.54 4.09 3 4.75 4.71 3 5.24 5.50 3 4.86 5.08 3 4.78 5.02 3 6.05 6.01 3 5.42 5.67
4 4.21 4.14 4 3.61 4.20 4 3.72 4.61 4 3.87 4.68 4 3.92 5.04 5 3.13 3.03 5 2.98 2.86 5 2.85 2.77
5 3.17 2.46 5 3.09 2.32 5 3.12 2.43 6 5.92 5.90 6 6.42 5.81 6 5.92 5.70 6 6.27 5.76 7 7.13 5.09
7 6.62 4.63 7 6.58 4.61 7 6.93 5.09 8 4.54 4.72 8 4.81 4.61 8 5.11 4.36 8 5.29 4.20 8 5.39 4.36
8 5.57 4.20 9 4.48 3.17 9 4.92 3.12 9 3.97 2.96 10 4.22 4.35 10 4.65 4.62 10 4.74 3.16
10 4.44 3.53 10 4.50 3.53 11 6.78 7.20 11 6.07 6.09 11 6.52 7.00 11 6.42 7.10 11 6.41 7.40
11 5.76 6.80 12 5.06 4.50 12 4.72 4.20 12 4.90 3.80 12 4.80 3.80 12 4.90 4.20 12 5.10 4.50
"""
CARDIAC = np.array(_CARDIAC.split(), float).reshape(-1, 3)

#: Zou 2013 (18 pairs of the table above), as distributed with the R package SimplyAgree.
ZOU = np.array(
    [
        *((7.83, 6.57), (7.42, 5.62), (7.89, 6.90), (7.12, 6.57), (6.16, 4.06), (7.26, 4.29)),
        *((6.71, 4.26), (4.75, 4.71), (5.24, 5.50), (4.86, 5.08), (4.78, 5.02), (6.05, 6.01)),
        *((5.42, 5.67), (4.21, 4.14), (3.61, 4.20), (3.72, 4.61), (3.87, 4.68), (3.92, 5.04)),
    ]
)

#: Cohen 1968, table 1: shares of 200 cases, and the disagreement weights beside them.
COHEN = 200 * np.array([[0.44, 0.07, 0.09], [0.05, 0.20, 0.05], [0.01, 0.03, 0.06]])
COHEN_WEIGHTS = np.array([[0, 1, 3], [1, 0, 6], [3, 6, 0]], float)

#: Two dermatologists' ratings of a skin condition (SAS/STAT, PROC FREQ, "Agreement Study"):
#: terrible, poor, marginal, clear.
SKIN = np.array([[10, 4, 1, 0], [5, 10, 12, 2], [2, 4, 12, 5], [0, 2, 6, 13]], float)

#: Packed cell volume (%) of ten cows, read twice (influentialpoints.com, coefficient of variation).
COWS = (
    (33, 35),
    (26, 23),
    (29, 29),
    (32, 35),
    (31, 28),
    (31, 31),
    (31, 34),
    (31, 29),
    (35, 33),
    (21, 24),
)
