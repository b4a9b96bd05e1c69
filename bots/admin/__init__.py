from .allowed_host import AllowedHostAdmin
from .bot import BotAdmin
from .log import BotSessionAdmin, BotTurnAdmin
from .scenario import BotScenarioAdmin
from .version import ScenarioVersionAdmin

__all__ = [
    "AllowedHostAdmin",
    "BotAdmin",
    "BotScenarioAdmin",
    "BotSessionAdmin",
    "BotTurnAdmin",
    "ScenarioVersionAdmin",
]
