"""What axe finds wrong with the page as it is now."""

from axe_playwright_python.sync_playwright import Axe

from tests.browser.screen import Screen


def faults(screen: Screen) -> list[str]:
    # Colours are judged after their transitions.
    screen.page.wait_for_timeout(250)
    violations = Axe().run(screen.page).response["violations"]
    return [
        f"{one['id']}: {node['html'][:160]} {node['failureSummary']}" for one in violations for node in one["nodes"]
    ]
