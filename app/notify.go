package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/godbus/dbus/v5"
)

// desktop shows notifications by the freedesktop specification, over the session bus.
type desktop struct{}

// answerTime is how long the desktop may take to answer.
const answerTime = 5 * time.Second

var errNoDesktop = errors.New("no desktop is listening")

// Notify shows a notification until it is closed or its time is over.
func (desktop) Notify(title, text string) error {
	ctx, cancel := context.WithTimeout(context.Background(), answerTime)
	defer cancel()
	bus, err := dbus.ConnectSessionBus(dbus.WithContext(ctx))
	if err != nil {
		return fmt.Errorf("%w: %w", errNoDesktop, err)
	}
	defer bus.Close() //nolint:errcheck // nothing waits in it
	const program, replaces, icon, until = "Saysee", uint32(0), "camera-video", int32(-1)
	object := bus.Object("org.freedesktop.Notifications", "/org/freedesktop/Notifications")
	call := object.CallWithContext(ctx, "org.freedesktop.Notifications.Notify", 0,
		program, replaces, icon, title, text, []string{}, map[string]dbus.Variant{}, until)
	if call.Err != nil {
		return fmt.Errorf("%w: %w", errNoDesktop, call.Err)
	}
	return nil
}
