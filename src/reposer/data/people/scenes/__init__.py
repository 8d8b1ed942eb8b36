"""Where pictures are taken: what is behind a person and in front of them, shadows, and the camera.

A ``Scene`` (scene.py) is all of a picture but the person and their pose. ``sample_studio`` draws one as in
DeepFashion; ``sample_street`` one of a ``StreetCamera``, which stays where it is: its backdrop is painted once, and
every picture is a crop of it, so that pictures of one camera agree. Market-1501 has six: ``street_cameras``.

Geometry is exact where truth or shadows need it (people, things in front, floor and wall are placed by the picture's
own pinhole camera); a crop of a street's backdrop is turned and scaled to fit where the person stands.
"""
