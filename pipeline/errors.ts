export { KeyturnError } from './contracts/errors.ts';
