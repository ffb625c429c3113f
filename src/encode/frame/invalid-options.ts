import { AppError } from '../../core/errors.ts';

export function invalidOptions(message: string): AppError {
  return new AppError(message, { code: 'encoder-options', action: 'fatal' });
}
