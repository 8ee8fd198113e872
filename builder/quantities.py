"""Numbers as people read them: ``57.07 M``, ``2 min 5 s``."""

from __future__ import annotations

_SCALES = ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k"))


def human(count: int) -> str:
    """Return ``count`` with four digits and a letter: thousand k, million M, billion G, trillion T.

    >>> human(57_074_314), human(710_133_440), human(999)
    ('57.07 M', '710.1 M', '999')
    """
    for scale, letter in _SCALES:
        if abs(count) >= 0.99995 * scale:  # 999,950 is 1.00 M and not 1000.0 k
            value = count / scale
            return f"{value:.{2 if abs(value) < 99.995 else 1}f} {letter}"
    return str(count)


def signed(count: int) -> str:
    """Return a difference with its sign, a true minus, and nothing but 0 where there is none.

    >>> signed(18_816), signed(-5), signed(0)
    ('+18.82 k', '−5', '0')
    """
    sign = "+" if count > 0 else "−" if count < 0 else ""
    return sign + human(abs(count))


def bytes_of(count: int) -> str:
    """Return a size in bytes with a unit of 1,000s, as file managers and disks count.

    >>> bytes_of(228_000_000)
    '228.0 MB'
    """
    return f"{human(count)}B" if abs(count) >= 1000 else f"{count} B"


def duration(seconds: float) -> str:
    """Return a time in the two largest units that matter.

    >>> duration(3.21), duration(125), duration(8423)
    ('3.2 s', '2 min 5 s', '2 h 20 min')
    """
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min"


def plural(count: int, thing: str) -> str:
    """Return a number of things.

    >>> plural(1, "mistake"), plural(2, "mistake")
    ('1 mistake', '2 mistakes')
    """
    return f"{count} {thing}{'' if count == 1 else 's'}"


def shape(sizes: tuple[int, ...]) -> str:
    """Return the sizes of one image's tensor: channels, height, width.

    >>> shape((3, 224, 224))
    '3×224×224'
    """
    return "×".join(str(size) for size in sizes)
