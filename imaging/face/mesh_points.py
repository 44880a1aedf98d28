"""Which of the mesh's 468 points is which.

The names are of points on the patient's right and on the midline; `mirrored_chain` gives the same
chain on the left.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

#: Every point and its counterpart on the other side; points on the midline are not listed.
#: Found by matching the meshes of photos with those of their mirror images.
_PAIRS = (
    "3:248 7:249 20:250 21:251 22:252 23:253 24:254 25:255 26:256 27:257 28:258 29:259 30:260 "
    "31:261 32:262 33:263 34:264 35:265 36:266 37:267 38:268 39:269 40:270 41:271 42:272 "
    "43:273 44:274 45:275 46:276 47:277 48:278 49:279 50:280 51:281 52:282 53:283 54:284 "
    "55:285 56:286 57:287 58:288 59:289 60:290 61:291 62:292 63:293 64:294 65:295 66:296 "
    "67:297 68:298 69:299 70:300 71:301 72:302 73:303 74:304 75:305 76:306 77:307 78:308 "
    "79:309 80:310 81:311 82:312 83:313 84:314 85:315 86:316 87:317 88:318 89:319 90:320 "
    "91:321 92:322 93:323 95:324 96:325 97:326 98:327 99:328 100:329 101:330 102:331 103:332 "
    "104:333 105:334 106:335 107:336 108:337 109:338 110:339 111:340 112:341 113:342 114:343 "
    "115:344 116:345 117:346 118:347 119:348 120:349 121:350 122:351 123:352 124:353 125:354 "
    "126:355 127:356 128:357 129:358 130:359 131:360 132:361 133:362 134:363 135:364 136:365 "
    "137:366 138:367 139:368 140:369 141:370 142:371 143:372 144:373 145:374 146:375 147:376 "
    "148:377 149:378 150:379 153:380 154:381 155:382 156:383 157:384 158:385 159:386 160:387 "
    "161:388 162:389 163:390 165:391 166:392 167:393 169:394 170:395 171:396 172:397 173:398 "
    "174:399 176:400 177:401 178:402 179:403 180:404 181:405 182:406 183:407 184:408 185:409 "
    "186:410 187:411 188:412 189:413 190:414 191:415 192:416 193:417 194:418 196:419 198:420 "
    "201:421 202:422 203:423 204:424 205:425 206:426 207:427 208:428 209:429 210:430 211:431 "
    "212:432 213:433 214:434 215:435 216:436 217:437 218:438 219:439 220:440 221:441 222:442 "
    "223:443 224:444 225:445 226:446 227:447 228:448 229:449 230:450 231:451 232:452 233:453 "
    "234:454 235:455 236:456 237:457 238:458 239:459 240:460 241:461 242:462 243:463 244:464 "
    "245:465 246:466 247:467 "
)


def _mirror_table() -> NDArray[np.intp]:
    table = np.arange(468)
    for pair in _PAIRS.split():
        one, other = (int(number) for number in pair.split(":"))
        table[one], table[other] = other, one
    return table


#: ``MIRRORED[i]`` is the counterpart of point i.
MIRRORED: NDArray[np.intp] = _mirror_table()

RIGHT_EYE_CORNER = 33
LEFT_EYE_CORNER = 263
RIGHT_EAR = 234
LEFT_EAR = 454
CHIN_TIP = 152
FOREHEAD_TOP = 10


#: A corner of an outline: a mesh point, or the middle of two.
Corner = int | tuple[int, int]


def mirrored_chain(chain: Sequence[Corner]) -> tuple[Corner, ...]:
    """Return the same chain of points on the other side, in the same order."""
    return tuple(
        (int(MIRRORED[corner[0]]), int(MIRRORED[corner[1]]))
        if isinstance(corner, tuple)
        else int(MIRRORED[corner])
        for corner in chain
    )


def chain_points(points_px: NDArray[np.float32], chain: Sequence[Corner]) -> NDArray[np.float32]:
    """Return the corners of a chain, shape (n, 2)."""
    first = [corner[0] if isinstance(corner, tuple) else corner for corner in chain]
    second = [corner[1] if isinstance(corner, tuple) else corner for corner in chain]
    return np.asarray((points_px[first] + points_px[second]) / 2, np.float32)


def whole_chain(right: Sequence[Corner], *, middle: Sequence[Corner] = ()) -> tuple[Corner, ...]:
    """Return a closed outline that is symmetric: right half, midline points, mirrored left half."""
    return (*right, *middle, *reversed(mirrored_chain(right)))


# fmt: off
#: Outline of the face as far as the mesh reaches: forehead top, ears, jaw, chin tip.
OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152,
    148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)

#: Lower border of the forehead: along the middle of the brows and down between them.
BROW_LINE = whole_chain(((70, 46), (63, 53), (105, 52), (66, 65), (107, 55), 55), middle=(8,))

#: Lower lid to jaw, beside the nose and the nasolabial fold, to in front of the ear.
MALAR: tuple[Corner, ...] = (
    127, 34, 143, 31, 228, 229, 230, 231, 232, 121, 47, 126, 209, 129, (98, 203), (165, 206),
    (92, 216), (57, 212), (43, 202), 204, 211, 170, 149, 150, 136, 172, 58, 132, 93, 234,
)

#: Below the lower lip to the jaw, between the lines from the corners of the mouth.
CHIN = whole_chain((57, 146, 91, 181, 84), middle=(17,)) + tuple(
    reversed(whole_chain(((43, 202), 204, 211, 170, 149, 176, 148), middle=(152,)))
)

NOSE = whole_chain((8, 193, 245, 188, 174, 217, 198, 209, 129, 64, 98, 97), middle=(2,))

UPPER_LIP = (*whole_chain((97, 98, 165, 92, 186, 57, 61, 185, 40, 39, 37), middle=(0,)), 2)

#: Brow hair; lids and eye (the orbit below the brow); between the lids; red of the lips; a nostril.
BROW = (70, 63, 105, 66, 107, 55, 65, 52, 53, 46)
ORBIT = (46, 124, 35, 31, 228, 229, 230, 231, 232, 233, 244, 193, 55, 65, 52, 53)
EYE = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
LIPS = (
    61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185,
)
NOSTRIL = (79, 239, 238, 20, 60, 75, 59, 166, 218)

#: Sure skin, to learn this person's skin and the light from: cheek, middle of the forehead, nose.
CHEEK_SEED = (117, 118, 119, 100, 126, 129, 203, 206, 216, 207, 187, 147, 123, 116)
FOREHEAD_SEED = (69, 108, 151, 337, 299, 296, 336, 9, 107, 66)
NOSE_SEED = (6, 122, 196, 3, 51, 5, 281, 248, 419, 351)
# fmt: on

#: Between the eyes: rays to the hairline start here.
NOSE_ROOT = 168
NOSE_TIP = 4

#: In front of the ear at the height of the eye, and the outer end of the lower lid.
EAR_TOP, LOWER_LID = 127, 228

MOUTH_CORNERS = (61, 291)
