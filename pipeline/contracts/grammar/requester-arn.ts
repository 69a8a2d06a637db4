import * as v from 'valibot';

/** A session, a whole account or everything is not what the bus's policy compares, or lets in more than is meant. */
export const RequesterArn = v.pipe(
  v.string(),
  v.regex(
    /^arn:aws[a-z-]*:iam::\d{12}:(role|user)\/(?:[\w+=,.@-]+\/)*[\w+=,.@-]{1,64}$/,
    'the ARN of a role or user: arn:aws:iam::111122223333:role/deployer; of a session that of its role',
  ),
);
