import { AwsError, type Call } from '../../cloud.ts';
import { invalidCombination, invalidValue } from './state.ts';

const ENGINES = new Set(['postgres', 'aurora-postgresql']);
const RESERVED = new Set([
  'rdsadmin',
  'rds_superuser',
  'rds_password',
  'rds_replication',
  'rds_iam',
  'public',
  'admin',
]);

/** https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html#RDS_Limits.Constraints */
export function checkIdentifier(name: string, field: string): void {
  if (!/^[a-zA-Z](?:-?[a-zA-Z0-9]+)*$/.test(name) || name.length > 63) {
    throw invalidValue(
      `The parameter ${field} is not a valid identifier. Identifiers must begin with a letter; must contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens.`,
    );
  }
}

/** Printable ASCII but `/`, `"`, `@` and space, 8 to 128 characters (PostgreSQL). */
export function checkPassword(password: string): void {
  if (password.length < 8 || password.length > 128) {
    throw invalidValue(
      `The parameter MasterUserPassword is not a valid password because it is ${password.length < 8 ? 'shorter than 8' : 'longer than 128'} characters.`,
    );
  }
  if (!/^[!#-.0-?A-~]+$/.test(password)) {
    throw invalidValue(
      "The parameter MasterUserPassword is not a valid password. Only printable ASCII characters besides '/', '@', '\"', ' ' may be used.",
    );
  }
}

export function checkAdministrator(user: string): void {
  if (!/^[a-zA-Z][a-zA-Z0-9_]{0,62}$/.test(user)) {
    throw invalidValue(
      `The parameter MasterUsername is not a valid identifier: 1 to 63 letters, digits or underscores, the first a letter.`,
    );
  }
  if (RESERVED.has(user.toLowerCase())) {
    throw invalidValue(`MasterUsername ${user} cannot be used as it is a reserved word used by the engine`);
  }
}

export function checkEngine(engine: string | undefined): void {
  if (!ENGINES.has(engine ?? '')) {
    throw invalidValue(`Invalid DB engine: ${engine}. On this laptop there are postgres and aurora-postgresql.`);
  }
}

/** Either a password, or RDS makes one and keeps it in Secrets Manager. */
export function checkPasswordChoice(input: { MasterUserPassword?: string; ManageMasterUserPassword?: boolean }): void {
  if (input.ManageMasterUserPassword && input.MasterUserPassword !== undefined) {
    throw invalidCombination("You can't specify MasterUserPassword when ManageMasterUserPassword is enabled.");
  }
  if (input.MasterUserPassword !== undefined) checkPassword(input.MasterUserPassword);
}

export function refuseUnsupported(call: Call, input: Record<string, unknown>, known: readonly string[]): void {
  const other = Object.keys(input).find((name) => input[name] !== undefined && !known.includes(name));
  if (other === undefined) return;
  throw new AwsError(
    'InvalidParameterValue',
    `${call.operation}: parameter ${other} is not supported on the laptop. services/rds/SUPPORT.md of @keyturn/laptop lists what is.`,
  );
}
