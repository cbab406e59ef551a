package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/secret"
)

// webhook sends messages as JSON, signed.
type webhook struct {
	poster
	key secret.Secret
}

func newWebhook(c *config.NotifyWebhook) webhook { return webhook{newPoster(c.URL), c.Secret} }

func (w webhook) send(ctx context.Context, m *message) error {
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return w.post(ctx, body, http.Header{
		"Autoscaled-Delivery":  {m.ID},
		"Autoscaled-Signature": {sign(w.key, time.Now(), body)},
	})
}

// sign is a signature of the body that was made at the given time: t=UNIX SECONDS,v1=HEX, where HEX is the
// HMAC-SHA256 of the seconds, a dot and the body.
func sign(key secret.Secret, at time.Time, body []byte) string {
	seconds := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(key.Reveal()))
	_, _ = mac.Write([]byte(seconds + ".")) // never fails
	_, _ = mac.Write(body)
	return "t=" + seconds + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}
