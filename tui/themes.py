"""The desk's own colours: dark, light, and one for eyes that do not tell red from green.

Every theme, Textual's own included, has the variables that the stylesheet uses: profit, loss,
entry, quiet, rule and band.
"""

from textual.color import Color
from textual.theme import Theme

DESK_DARK = Theme(
    name="desk-dark",
    primary="#5b9dff",
    secondary="#7c8db5",
    accent="#f2b155",
    warning="#f2b155",
    error="#ff6b81",
    success="#4fd6a0",
    foreground="#d6dbe6",
    background="#0d1117",
    surface="#0d1117",
    panel="#161d29",
    boost="#1b2433",
    dark=True,
    variables={
        "profit": "#4fd6a0",
        "loss": "#ff7a8d",
        "entry": "#7db4ff",
        "quiet": "#8692a8",
        "rule": "#2a3547",
        "band": "#111722",
        "cursor": "#24426e",
        "block-cursor-background": "#24426e",
        "block-cursor-foreground": "#ffffff",
        "footer-key-foreground": "#f2b155",
        "footer-background": "#161d29",
        "input-selection-background": "#5b9dff 35%",
        "scrollbar": "#2a3547",
        "scrollbar-hover": "#3a4860",
        "scrollbar-active": "#5b9dff",
        "scrollbar-background": "#0d1117",
        "scrollbar-background-hover": "#0d1117",
        "scrollbar-background-active": "#0d1117",
    },
)

DESK_LIGHT = Theme(
    name="desk-light",
    primary="#1f5fbf",
    secondary="#56637a",
    accent="#a15c00",
    warning="#a15c00",
    error="#b3203f",
    success="#0b6e4a",
    foreground="#1c2430",
    background="#f7f8fa",
    surface="#f7f8fa",
    panel="#e6eaf0",
    boost="#dfe5ee",
    dark=False,
    variables={
        "profit": "#0b6e4a",
        "loss": "#b3203f",
        "entry": "#1f5fbf",
        "quiet": "#5c687b",
        "rule": "#c3cbd8",
        "band": "#eff2f6",
        "cursor": "#c9dcf7",
        "block-cursor-background": "#c9dcf7",
        "block-cursor-foreground": "#101722",
        "footer-key-foreground": "#a15c00",
        "footer-background": "#e6eaf0",
        "input-selection-background": "#1f5fbf 25%",
        "scrollbar": "#c3cbd8",
        "scrollbar-hover": "#a9b5c7",
        "scrollbar-active": "#1f5fbf",
        "scrollbar-background": "#f7f8fa",
        "scrollbar-background-hover": "#f7f8fa",
        "scrollbar-background-active": "#f7f8fa",
    },
)

DESK_CVD = Theme(
    name="desk-cvd",
    primary="#8fb8ff",
    secondary="#7c8db5",
    accent="#e8e3b0",
    warning="#e8e3b0",
    error="#ff9f45",
    success="#5fb0ff",
    foreground="#d6dbe6",
    background="#0d1117",
    surface="#0d1117",
    panel="#161d29",
    boost="#1b2433",
    dark=True,
    variables={
        **DESK_DARK.variables,
        "profit": "#5fb0ff",
        "loss": "#ff9f45",
        "entry": "#e8e3b0",
        "footer-key-foreground": "#e8e3b0",
    },
)

THEMES = (DESK_DARK, DESK_LIGHT, DESK_CVD)

_ANSI = {
    "profit": "ansi_green",
    "loss": "ansi_red",
    "entry": "ansi_cyan",
    "quiet": "ansi_bright_black",
    "rule": "ansi_bright_black",
    "band": "ansi_default",
    "cursor": "ansi_blue",
}


def fallback_variables(theme: Theme) -> dict[str, str]:
    """Derive the desk's variables for a theme that does not bring its own.

    Args:
        theme: Any registered theme.
    """
    if theme.ansi:
        return dict(_ANSI)
    colors = theme.to_color_system().generate()
    background = Color.parse(colors["background"])
    foreground = Color.parse(colors["foreground"])
    primary = Color.parse(colors["primary"])
    toward = foreground if theme.dark else Color.parse("black")
    return {
        "profit": Color.parse(colors["success"]).blend(toward, 0.2).hex6,
        "loss": Color.parse(colors["error"]).blend(toward, 0.25).hex6,
        "entry": primary.blend(toward, 0.3).hex6,
        "quiet": background.blend(foreground, 0.6).hex6,
        "rule": background.blend(foreground, 0.25).hex6,
        "band": background.blend(foreground, 0.03).hex6,
        "cursor": background.blend(primary, 0.4).hex6,
    }
