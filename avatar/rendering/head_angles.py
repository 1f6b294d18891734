"""How far a head is turned from the frontal view: yaw, pitch and roll in degrees, and back."""

from collections.abc import Sequence

import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

AXES = "yxz"  # extrinsic: yaw, pitch, roll about axes that stand still


def turned(canonical_pose: Tensor, angles: Sequence[float]) -> Tensor:
    """The canonical pose (6,) turned by yaw (to the picture's right), pitch (up) and roll
    (clockwise) in degrees, about the head's own origin."""
    yaw, pitch, roll = angles
    turn = Rotation.from_euler(AXES, [-yaw, -pitch, roll], degrees=True)
    facing = turn * Rotation.from_rotvec(canonical_pose[:3].numpy())
    rotation = torch.from_numpy(facing.as_rotvec()).float()
    return torch.cat([rotation, canonical_pose[3:]])


def head_angles(poses: Tensor, canonical_pose: Tensor) -> list[tuple[float, float, float]]:
    """The angles by which `turned` makes each of poses (N, 6) of the canonical one (6,)."""
    facing = Rotation.from_rotvec(poses[:, :3].cpu().numpy())
    turn = facing * Rotation.from_rotvec(canonical_pose[:3].cpu().numpy()).inv()
    angles = turn.as_euler(AXES, degrees=True)
    return [(-yaw, -pitch, roll) for yaw, pitch, roll in angles.tolist()]
