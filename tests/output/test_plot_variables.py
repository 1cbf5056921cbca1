"""The plot of scatter against magnitude names its candidates, and no name covers another."""

import numpy as np

from photdb.output import plot_style
from photdb.output.plot_variables import Star, _panel, draw_scatter


def stars(n_candidate: int) -> list[Star]:
    """Return a field with candidates close together."""
    plain = [Star("r (AB)", float(m), 0.01, 0.01) for m in np.linspace(12, 18, 80)]
    return plain + [
        Star("r (AB)", 15 + 0.02 * k, 0.2 + 0.01 * k, 0.01, f"J0246{k:02d}.00-301924.1") for k in range(n_candidate)
    ]


def test_candidates_are_named_and_no_name_covers_another():
    figure = plot_style.new_figure(9, 5)
    ax = figure.subplots()
    _panel(ax, stars(12), 5.0)
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts]
    assert len(boxes) >= 4
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    _panel(other := plot_style.new_figure(9, 5).subplots(), stars(1), 5.0)
    assert [text.get_text() for text in other.texts] == ["J024600.00-301924.1"]


def test_a_field_without_candidates_or_stars_with_scatter_is_drawn(tmp_path):
    draw_scatter(stars(0), tmp_path / "quiet.png", sigma=5.0)
    draw_scatter([Star("g (AB)", float("nan"), 0.0, float("nan"))], tmp_path / "empty.png", sigma=5.0)
    assert all((tmp_path / name).stat().st_size > 5000 for name in ("quiet.png", "empty.png"))
