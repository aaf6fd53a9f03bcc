"""Does what volumes ask of a node: each effect is one call of the engines, which may be repeated.

It also looks whether what should run does, tells what died, and kills what nobody counts on any more.
"""

from typing import Final

LOOK_SECONDS: Final = 1.0
"""Time between two comparisons of what should run with what does; deaths are told at once besides."""
AGAIN_SECONDS: Final = 3.0
"""After which what is still amiss is told again."""
