"use client";
// The elements as React components. React 19 gives an element its object properties and listeners where it makes the
// element, but drops both where it hydrates one that a server rendered. So attributes are left to React, which renders
// them on the server too, while properties and listeners are set here, in effects, which run either way.

import { createElement, useImperativeHandle, useLayoutEffect, useRef } from "react";
import "./element/index.js";

/** Props that are properties, as no attribute can carry them, with what they are where a page does not give them. */
const UPLOADER_PROPERTIES = { getSession: null, bucket: null, validate: null, messages: Object.freeze({}) };
const BUCKET_PROPERTIES = { bucket: null, messages: UPLOADER_PROPERTIES.messages };

/** Props that are handlers, with their events. */
const UPLOADER_EVENTS = {
  onAdd: "partway-add",
  onReject: "partway-reject",
  onStart: "partway-start",
  onProgress: "partway-progress",
  onDone: "partway-done",
  onError: "partway-error",
  onComplete: "partway-complete",
  onSessionExpired: "partway-session-expired",
};

const NO_EVENTS = {};

/** What inherits nothing: a prop that is not given is not there. @returns {Record<string, any>} */
const bare = () => Object.create(null);

/**
 * Props whose attributes are named otherwise.
 * @type {Record<string, string>}
 */
const ATTRIBUTES = {
  sessionId: "session-id",
  partSize: "part-size",
  maxFiles: "max-files",
  maxSize: "max-size",
  noResume: "no-resume",
};

/**
 * `<partway-uploader>`. Its props are told in `react.d.ts`.
 * @param {Record<string, unknown>} props
 */
export function PartwayUploader(props) {
  return useElement("partway-uploader", UPLOADER_PROPERTIES, UPLOADER_EVENTS, props);
}

/**
 * `<partway-bucket>`.
 * @param {Record<string, unknown>} props
 */
export function PartwayBucket(props) {
  return useElement("partway-bucket", BUCKET_PROPERTIES, NO_EVENTS, props);
}

/**
 * @param {string} tag
 * @param {Record<string, unknown>} properties what each is where no prop gives it
 * @param {Record<string, string>} events by the name of their prop
 * @param {Record<string, unknown>} props
 */
function useElement(tag, properties, events, { ref, ...props }) {
  const element = useRef(/** @type {any} */ (null));
  const set = useRef(properties);
  const handlers = useRef(bare());
  /** @type {Record<string, unknown>[]} */
  const [attributes, given, heard] = [bare(), bare(), bare()];
  for (const [name, value] of Object.entries(props)) {
    if (Object.hasOwn(events, name)) heard[events[name]] = value;
    else if (Object.hasOwn(properties, name)) given[name] = value;
    else attributes[Object.hasOwn(ATTRIBUTES, name) ? ATTRIBUTES[name] : name] = value;
  }

  useLayoutEffect(() => {
    handlers.current = heard;
    // Only what changed, and nothing when the component goes or is hidden: without its bucket, what runs would stop.
    /** @type {Record<string, unknown>} */
    const next = bare();
    for (const [name, missing] of Object.entries(properties)) {
      next[name] = given[name] ?? missing;
      if (next[name] !== set.current[name]) element.current[name] = next[name];
    }
    set.current = next;
  });

  useLayoutEffect(() => {
    const listening = new AbortController();
    /** @param {Event} event */
    const call = (event) => handlers.current[event.type]?.(event);
    const { signal } = listening;
    for (const type of Object.values(events)) element.current.addEventListener(type, call, Object.assign(bare(), { signal }));
    return () => listening.abort();
  }, [events]);

  useImperativeHandle(/** @type {import("react").Ref<unknown>} */ (ref), () => element.current, []);

  return createElement(tag, { ...attributes, ref: element });
}
