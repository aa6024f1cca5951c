/**
 * Bounds of a security profile.
 * Sources: AWS General Reference, "AWS IoT Device Defender endpoints and quotas"; iot API reference, the pattern and
 * length constraints of each shape. None of these quotas is adjustable.
 */
export const BEHAVIORS_MAX = 100
/** Counts, addresses, ports and the like in all criteria of one profile together. */
export const VALUE_ELEMENTS_MAX = 1000
export const PROFILES_PER_TARGET_MAX = 5
export const CONSECUTIVE_MAX = 10
export const NAME_MAX = 128
export const DESCRIPTION_MAX = 1000
export const PORT_MAX = 65_535
/** UnsignedLong is a signed 64-bit integer that is not negative. */
export const COUNT_MAX = 2 ** 63
export const MQTT_TOPIC_MAX = 512
export const ROLE_ARN_MIN = 20
export const ROLE_ARN_MAX = 2048
export const TAG_KEY_MAX = 128
export const TAG_VALUE_MAX = 256
/** The shortest and the longest text that the API takes as an address or prefix. */
export const CIDR_TEXT_MIN = 2
export const CIDR_TEXT_MAX = 43

/** SecurityProfileName, BehaviorName, DimensionName and names of custom metrics. */
export const namePattern = /^[a-zA-Z0-9:_-]+$/
/** `[\p{Graph}\x20]*`: anything visible, and the plain space. */
export const descriptionPattern = /^(?:[^\p{Z}\p{Cc}\p{Cs}\p{Cn}]|\x20)*$/u
/** TagKey. */
export const tagKeyPattern = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u
