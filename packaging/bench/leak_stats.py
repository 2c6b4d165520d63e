"""Statistics for the leakage report: tails of the usual distributions, and intervals. Pure, and the standard library alone."""

import math

_PRECISION = 1e-14
_TERMS = 10_000


def chi_square_tail(statistic: float, freedom: int) -> float:
    """Probability that chi-square with `freedom` degrees exceeds `statistic`: the regularised upper gamma function.

    Series below the peak, Lentz's continued fraction above it, as in Press et al., Numerical Recipes §6.2.
    """
    shape, x = freedom / 2, statistic / 2
    if x <= 0:
        return 1.0
    scale = math.exp(shape * math.log(x) - x - math.lgamma(shape))
    if x < shape + 1:
        return max(0.0, 1.0 - scale * _series(shape, x))
    return scale * _fraction(shape, x)


def _series(shape: float, x: float) -> float:
    term = total = 1 / shape
    for number in range(1, _TERMS):
        term *= x / (shape + number)
        total += term
        if term < total * _PRECISION:
            break
    return total


def _fraction(shape: float, x: float) -> float:
    tiny = 1e-300
    b = x + 1 - shape
    c, d = 1 / tiny, 1 / b
    value = d
    for number in range(1, _TERMS):
        a = number * (shape - number)
        b += 2
        d = 1 / (a * d + b or tiny)
        c = b + a / c or tiny
        value *= c * d
        if abs(c * d - 1) < _PRECISION:
            break
    return value


def normal_tail(z: float) -> float:
    """Probability that a standard normal lies further from 0 than `z`, on either side."""
    return math.erfc(abs(z) / math.sqrt(2))


def binomial_tail(hits: int, tries: int, chance: float) -> float:
    """Probability of at least `hits` in `tries` by luck, each with `chance` (0 to 1, both excluded)."""
    return min(1.0, math.fsum(_binomial(k, tries, chance) for k in range(hits, tries + 1)))


def _binomial(k: int, tries: int, chance: float) -> float:
    choose = math.lgamma(tries + 1) - math.lgamma(k + 1) - math.lgamma(tries - k + 1)
    return math.exp(choose + k * math.log(chance) + (tries - k) * math.log1p(-chance))


def wilson(hits: int, tries: int, z: float = 1.96) -> tuple[float, float]:
    """Confidence interval of a share (Wilson 1927); 95 % by default."""
    if not tries:
        return 0.0, 1.0
    share, spread = hits / tries, z * z / tries
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / tries + spread / (4 * tries))
    return max(0.0, middle - half), min(1.0, middle + half)


def line(points: list[tuple[float, float]]) -> tuple[float, float]:
    """Slope and intercept of the least squares line through (x, y); a flat one where all x are the same."""
    count = len(points)
    mean_x, mean_y = (math.fsum(point[axis] for point in points) / count for axis in (0, 1))
    spread = math.fsum((x - mean_x) ** 2 for x, _ in points)
    slope = math.fsum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0
    return slope, mean_y - slope * mean_x
