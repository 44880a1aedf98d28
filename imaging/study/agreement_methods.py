"""What the page of agreement says of its methods: formula in words, source, and when to read it."""

from __future__ import annotations

METHODS: tuple[tuple[str, str], ...] = (
    (
        "Intraclass correlation",
        "Six forms of Shrout and Fleiss (1979) with F intervals; for ICC(2,·) Satterthwaite's "
        "approximation (McGraw and Wong 1996). Quote ICC(2,1) when readers are a sample of readers "
        "and their mean shifts count as error, ICC(3,1) when these very raters are meant and only "
        "order and distance count, the k forms for the mean of k ratings. Rows that a rater left "
        "out are not used.",
    ),
    (
        "ICC by a mixed model",
        "Where subjects have several rows: random subjects, rows within subjects, raters and "
        "residual, by the analysis of variance. ICC within subjects is the agreement on "
        "differences within a subject, as between visits; it is lower than the others, and it is "
        "the one that a trial of change rests on.",
    ),
    (
        "Limits of agreement",
        "Mean difference ± 1.96 SD. Their intervals are exact (noncentral t, Carkeet 2015, each "
        "limit by itself); those usual in papers (Bland and Altman 1999) stand beside them. With "
        "several rows a subject there are two more forms (Bland and Altman 2007): for a true value "
        "that varies between a subject's rows, as between visits, and for one that is constant, as "
        "between repeat photos.",
    ),
    (
        "Proportional bias",
        "Regression of the difference on the mean of both, and the Bradley-Blackwood test. Where "
        "it is found, limits of agreement hold for no size in particular.",
    ),
    (
        "Concordance",
        "Lin's coefficient (1989, corrected 2000) with an interval on Fisher's z; Pearson's r "
        "beside it says nothing of bias.",
    ),
    (
        "Kappa",
        "Unweighted, linear and quadratic weights by the distance of the steps; standard error of "
        "Fleiss, Cohen and Everitt (1969). Quadratic kappa is an ICC of the steps.",
    ),
    (
        "Error of measurement",
        "SEM from the analysis of variance; minimal detectable change 1.96·√2·SEM: a change below "
        "it may be error alone. For any rater (agreement) the raters' own shifts are part of it, "
        "with the interval of Graybill and Wang (1980): two raters say little of how far raters "
        "shift, so that its upper end is far away. Coefficient of variation by root mean square "
        "and by logarithms (Bland and Altman 1996).",
    ),
    (
        "Intervals over subjects (c)",
        "Rows of one subject are alike; intervals that take them as independent are too narrow. "
        "The marked ones leave out one subject at a time (jackknife; above 200 subjects in 200 "
        "groups), with Student's t of subjects − 1 degrees of freedom: the small-sample correction "
        "of a cluster-robust variance (CR3). Correlations are taken on Fisher's z, spreads on "
        "logarithms. Below four subjects none is given.",
    ),
    (
        "The machine beside readers",
        "Root mean square of machine − reader over that of reader − reader, over the same rows; 1 "
        "means that the machine is like one more reader. Its interval is the jackknife's.",
    ),
    (
        "Repeat photos",
        "One-way analysis of variance of sites: within-site SD with its χ² interval, repeatability "
        "coefficient 1.96·√2 of it, ICC(1,1) with unequal groups by their mean size.",
    ),
    (
        "Sample size",
        "Bonett (2002) for the ICC; for a limit of agreement half the width is "
        "t·√((1 + 1.96²/2)/n) SD of the differences.",
    ),
)
