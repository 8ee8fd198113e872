"""What comes with the program, by name."""

from __future__ import annotations

import yaml

from builder.lowering import load_page
from builder.shipped import shipped_folder, shipped_names, shipped_recipes, shipped_studies


class TestShipped:
    """Names are found without parsing YAML, and are those that YAML gives."""

    def test_every_page_and_every_member_has_its_name(self) -> None:
        """The members are those of the parsed pages, which the quick look must not miss."""
        found = set()
        for path in sorted(shipped_folder().glob("*.yaml")):
            page = yaml.safe_load(path.read_text("utf-8"))
            found |= {path.stem, *page.get("members", ())}
        assert set(shipped_names()) == found

    def test_a_member_leads_to_its_family(self) -> None:
        """The file and the member together are what is loaded."""
        path, member = shipped_names()["resnet18"]
        assert (path.name, member) == ("resnet.yaml", "resnet18")
        assert load_page(path, member).name

    def test_studies_and_recipes_are_files_by_name(self) -> None:
        """They lie where the wheel has them too."""
        assert "digits_placement" in shipped_studies()
        assert "lab" in shipped_recipes()
        assert all(path.is_file() for path in (*shipped_studies().values(), *shipped_recipes().values()))
