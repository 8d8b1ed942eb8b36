"""Which parts of a drawn body end at a joint of OpenPose-18."""

LIMBS = {
    3: ("right upper arm", "right lower arm"),
    4: ("right lower arm", "right hand"),
    6: ("left upper arm", "left lower arm"),
    7: ("left lower arm", "left hand"),
    9: ("right upper leg", "right lower leg", "skirt"),
    10: ("right lower leg", "right foot", "skirt"),
    12: ("left upper leg", "left lower leg", "skirt"),
    13: ("left lower leg", "left foot", "skirt"),
}
