import { AwsError } from '../gateway/aws-error.ts';

/** The errors of S3 that more than one operation answers, with AWS's codes and texts. */

export function noSuchBucket(name: string): AwsError {
  return new AwsError('NoSuchBucket', 'The specified bucket does not exist', {
    status: 404,
    fields: { BucketName: name },
  });
}

export function noSuchKey(key: string): AwsError {
  return new AwsError('NoSuchKey', 'The specified key does not exist.', { status: 404, fields: { Key: key } });
}

export function noSuchUpload(uploadId: string): AwsError {
  const message =
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.';
  return new AwsError('NoSuchUpload', message, { status: 404, fields: { UploadId: uploadId } });
}

export function partsChanged(): AwsError {
  const message = 'A conflicting operation occurred: a part was uploaded again while the upload was completed.';
  return new AwsError('OperationAborted', message, { status: 409 });
}

/** @param condition the request header that did not hold, e.g. `If-Match` */
export function preconditionFailed(condition: string): AwsError {
  const message = 'At least one of the pre-conditions you specified did not hold';
  return new AwsError('PreconditionFailed', message, { status: 412, fields: { Condition: condition } });
}

export function invalidArgument(name: string, value: string, message: string): AwsError {
  return new AwsError('InvalidArgument', message, { fields: { ArgumentName: name, ArgumentValue: value } });
}

export function invalidRequest(message: string): AwsError {
  return new AwsError('InvalidRequest', message);
}

/** @param what the header or parameter, named so that its user need not search */
export function notImplemented(what: string): AwsError {
  const message = `A header or query you provided implies functionality that is not implemented: ${what}`;
  return new AwsError('NotImplemented', message, { status: 501 });
}

export function incompleteBody(): AwsError {
  const message = 'You did not provide the number of bytes specified by the Content-Length HTTP header';
  return new AwsError('IncompleteBody', message);
}

export function malformedXml(cause?: unknown): AwsError {
  const message = 'The XML you provided was not well-formed or did not validate against our published schema';
  return new AwsError('MalformedXML', message, { cause });
}

/** @param algorithm as S3 spells it, e.g. `CRC32` */
export function badDigest(algorithm: string): AwsError {
  return new AwsError('BadDigest', `The ${algorithm} you specified did not match the calculated checksum.`);
}
