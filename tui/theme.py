"""The console's colours: 藍 on near-black; amber for what is to be noticed, red for what is wrong."""

from textual.theme import Theme

JUKURA = Theme(
    name="jukura",
    primary="#4f81bd",
    secondary="#7d6aa8",
    accent="#d9a441",
    foreground="#e3e8ee",
    background="#10161d",
    surface="#18212b",
    panel="#1f2b38",
    success="#6fb98f",
    warning="#d9a441",
    error="#d9605a",
    dark=True,
    variables={
        "input-selection-background": "#4f81bd 40%",
    },
)
