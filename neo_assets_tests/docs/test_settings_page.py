from docs.settings_page import PAGE, settings_page


def test_the_page_of_settings_is_generated_from_the_settings() -> None:
    assert PAGE.read_text(encoding="utf-8") == settings_page(), "python -m docs.settings_page"
