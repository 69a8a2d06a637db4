/** Staging labels: the state of a rotation, so that it survives anything. */
export const AWSCURRENT = 'AWSCURRENT';
export const AWSPENDING = 'AWSPENDING';
export const AWSPREVIOUS = 'AWSPREVIOUS';

/** On the candidate from the PutSecretValue that stores it until the previous credential has been retired. */
export const KEYTURN_IN_FLIGHT = 'KEYTURN_IN_FLIGHT';

/** On a version that was rolled back: nothing promotes it or rolls back to it again. */
export const KEYTURN_FAILED = 'KEYTURN_FAILED';

/** Tokens that the workflow chose begin so; every other token is a native rotation. */
export const WORKFLOW_TOKEN_PREFIX = 'keyturn-';

/** A token that begins so asks the rotator to keep nothing of what was: the one channel that reaches a rotation function. */
export const EMERGENCY_TOKEN_PREFIX = 'keyturn-emergency-';
