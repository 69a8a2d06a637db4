import { RotatingPool } from '@keyturn/consumer/pool';

/** One pool an environment, on the login that Keyturn rotates, through the proxy where there is one. */
export const database = new RotatingPool({
  secretId: process.env.DB_SECRET_ARN ?? '',
  ...(process.env.DB_PROXY_HOST && { host: process.env.DB_PROXY_HOST }),
  max: 1,
  application_name: `example-${process.env.AWS_LAMBDA_FUNCTION_NAME ?? 'here'}`.slice(0, 60),
});
