// The elements as React 19 components: `import { PartwayUploader, PartwayBucket } from "partway/react"`. Every
// attribute of the element is a prop of the camel-case name and is rendered on a server too; object properties and
// events survive hydration, which React does not see to. Objects made anew in each render are set anew: keep `messages`
// outside.

import type { HTMLAttributes, ReactElement, Ref } from "react";
import type {
  PartwayBucket as BucketElement, PartwayEventMap, PartwayUploader as UploaderElement,
} from "./element.js";

/** Takes an event of the element. */
type Handler<K extends keyof PartwayEventMap> = (event: PartwayEventMap[K]) => void;

/** Attributes of any element, without the media events that the uploader has other events for. */
type Attributes<E> = Omit<HTMLAttributes<E>, "onError" | "onErrorCapture" | "onProgress" | "onProgressCapture">;

/** Props that are the element's own properties. */
type Mirrored = {
  [K in
    | "endpoint" | "sessionId" | "names" | "multiple" | "directory" | "accept" | "manual" | "paste" | "drop"
    | "noResume" | "disabled" | "required" | "name" | "label" | "getSession" | "bucket" | "validate"
    | "messages"]?: UploaderElement[K] | undefined;
};

export interface PartwayUploaderProps extends Attributes<UploaderElement>, Mirrored {
  ref?: Ref<UploaderElement> | undefined;
  partSize?: number | undefined;
  parallel?: number | undefined;
  maxFiles?: number | undefined;
  maxSize?: number | undefined;
  capture?: "user" | "environment" | "" | undefined;

  /** `event.preventDefault()` takes none. */
  onAdd?: Handler<"partway-add"> | undefined;
  onReject?: Handler<"partway-reject"> | undefined;
  onStart?: Handler<"partway-start"> | undefined;
  onProgress?: Handler<"partway-progress"> | undefined;
  onDone?: Handler<"partway-done"> | undefined;
  onError?: Handler<"partway-error"> | undefined;
  onComplete?: Handler<"partway-complete"> | undefined;
  onSessionExpired?: Handler<"partway-session-expired"> | undefined;
}

export interface PartwayBucketProps extends HTMLAttributes<BucketElement> {
  ref?: Ref<BucketElement> | undefined;
  /** ID of the uploader whose bucket it shows. */
  for?: string | undefined;
  readonly?: boolean | undefined;
  bucket?: BucketElement["bucket"] | undefined;
  messages?: BucketElement["messages"] | undefined;
}

/** `<partway-uploader>`; `ref` is the element, with its methods. */
export function PartwayUploader(props: PartwayUploaderProps): ReactElement;
/** `<partway-bucket>`. */
export function PartwayBucket(props: PartwayBucketProps): ReactElement;
